import { HEAD_RULE, type RequestRights, type WakeRate } from "../config/model/rules.ts";
import type { Clock } from "../lib/clock.ts";
import { Generations } from "../lib/generations.ts";
import type { Log } from "../lib/log.ts";
import type { TargetHandle } from "../watchers/handle.ts";
import { decide, type Verdict } from "./decide.ts";
import { Flapping } from "./flapping.ts";
import type { IntentRule } from "./intent.ts";
import type { Pollers } from "./pollers.ts";
import type { RequestFacts } from "./request-facts.ts";
import { rulesOf } from "./rules.ts";
import { causeOf, useOf } from "./use.ts";
import { WakeLimits } from "./wake-limits.ts";

/** What the judge works with. */
export interface JudgeParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly pollers: Pollers;
  wakeRate(): WakeRate;
}

/** What earlier requests say of a request: it is a poll, or a check. Undefined for nearly all. */
export type Standing = { readonly rights: RequestRights; readonly rule: string } | undefined;

/** What of a request changes while it waits, or comes with the way it came. */
export interface Moment {
  readonly heldMs: number;
  readonly mayHold: boolean;
  readonly rule?: IntentRule | undefined;
}

const NOTHING_LEARNED = {};
const NO_RIGHTS: RequestRights = { wakes: false, counts: false };

/** A check that got no good answer to HEAD asks once more with GET within this time. */
const HEAD_REPEATED_MS = 5_000;
const MAX_HEADS = 1_024;
/** Clients that do not say what they are: Node sends no user agent, and Traefik adds Go's to such a request. */
const NAMELESS = /^(?:$|go-http-client\/|node$|undici$)/i;

/** Brings everything that a verdict depends on before `decide()`, and keeps the memory of who polls and wakes. */
export class Judge {
  readonly #clock: Clock;
  readonly #pollers: Pollers;
  readonly #flapping: Flapping;
  readonly #limits: WakeLimits;
  /** Monotonic ms of the last bare HEAD, by target and client. */
  readonly #heads = new Generations<string, number>(MAX_HEADS);

  constructor(parts: JudgeParts) {
    const { clock, log } = parts;
    this.#clock = clock;
    this.#pollers = parts.pollers;
    this.#flapping = new Flapping(log);
    this.#limits = new WakeLimits({ clock, log, rate: () => parts.wakeRate() });
  }

  /** Notes a request that comes. Once for each request; `again`: it was noted before, under another call. */
  arrives(facts: RequestFacts, target: TargetHandle, again: boolean): Standing {
    const { name, pollers } = target.spec;
    const polls = again ? this.#pollers.has(name, facts) : this.#pollers.note(name, facts);
    if (this.#repeatsHead(name, facts)) return { rights: NO_RIGHTS, rule: HEAD_RULE };
    if (!polls) return undefined;
    if (target.gate.kind !== "ready") this.#flapping.joins(name, facts);
    if (!pollers.wakes || !this.#flapping.bars(name, facts, () => this.#pollers.find(name, facts))) {
      return { rights: pollers, rule: "pollers" };
    }
    return { rights: { wakes: false, counts: pollers.counts }, rule: "pollers" };
  }

  /** Notes a bare HEAD of a nameless client; true for the GET by which the same client repeats it (Homepage does). */
  #repeatsHead(target: string, facts: RequestFacts): boolean {
    const { bareHead, method, navigation, longLived, client, path, userAgent = "" } = facts;
    if (!bareHead && (method !== "GET" || this.#heads.size === 0 || navigation || longLived)) return false;
    if (path.length > MAX_HEADS || !NAMELESS.test(userAgent)) return false;
    const key = `${target} ${client} ${path}`;
    const now = this.#clock.monotonic();
    if (bareHead) this.#heads.set(key, now);
    return !bareHead && now - (this.#heads.get(key) ?? -Infinity) < HEAD_REPEATED_MS;
  }

  /** The verdict of this moment. Without side effects. */
  verdict(
    facts: RequestFacts,
    target: TargetHandle,
    standing: Standing,
    { heldMs, mayHold, rule }: Moment,
  ): Verdict {
    const { spec, gate } = target;
    const rules = rulesOf(spec);
    return decide({
      facts,
      spec,
      gate,
      // A ready target's verdict depends on neither, and reading them is not free.
      now: gate.kind === "ready" ? 0 : this.#clock.now(),
      heldMs,
      learned: gate.kind === "ready" ? NOTHING_LEARNED : target.learned(),
      mayHold,
      rules: rule ? [rule, ...rules] : rules,
      standing,
      wakeInMs: gate.kind === "asleep" ? this.#limits.waitMs(spec.name, facts.client) : 0,
    });
  }

  /** Lets a request through: what counts is use. */
  passes(facts: RequestFacts, target: TargetHandle, standing: Standing, counts: boolean): void {
    if (!counts) return target.passed();
    target.touch(useOf(facts));
    if (!standing && !this.#flapping.quiet) {
      this.#flapping.used(target.spec.name, facts, facts.navigation);
    }
  }

  /** Wakes the target for a request that may. Joining a wake under way is free. */
  wakes(facts: RequestFacts, target: TargetHandle, standing: Standing): void {
    if (target.gate.kind === "asleep") {
      const { name } = target.spec;
      this.#limits.take(name, facts.client);
      if (facts.navigation && !standing) this.#flapping.used(name, facts, true);
      else this.#flapping.woke(name, facts, standing !== undefined);
    }
    target.wake(causeOf(facts));
  }

  /** Notes that a request was turned away for too many wakes. */
  refuses(facts: RequestFacts, target: TargetHandle): void {
    this.#limits.refused(target.spec.name, facts.client);
  }
}
