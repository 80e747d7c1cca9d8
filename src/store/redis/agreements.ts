import type { Clock } from "../../lib/clock.ts";
import { holders } from "../../watchers/jobs/holders.ts";
import type { Watcher } from "../../watchers/watcher.ts";
import type { Store } from "../store.ts";
import type { RedisLink } from "./link.ts";
import { ANSWER, REVOKE } from "./scripts.ts";
import type { Timing } from "./timing.ts";
import { parseAsk, type Ask, type Synced } from "./wire.ts";

export interface AgreementsOptions {
  readonly id: string;
  readonly link: Pick<RedisLink, "run">;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly store: Pick<Store, "update">;
  readonly watcher: (name: string) => Watcher | undefined;
  /** It was used here, and the others do not know yet. */
  readonly untold: (name: string) => boolean;
}

/** A stop as Redis has it. */
type StandingStop = Pick<Synced["stops"][number], "target" | "stop" | "ask" | "by" | "phase" | "left">;

/** A request that was just let through may still be on its way to the app. */
const AFTER_PASS_MS = 2_000;
/** An engine's answer to a stop takes its time as well. */
const SPARE_MS = 5_000;

/** What others want to stop: we let nothing through to it until that is over, or say no. */
export class Agreements {
  readonly #options: AgreementsOptions;
  readonly #agreed = new Map<
    string,
    {
      readonly stop: number;
      /** Monotonic ms of our word. */
      readonly at: number;
      /** Wall ms at which we stop waiting for it. */
      readonly until: number;
      revoking: boolean;
    }
  >();

  constructor(options: AgreementsOptions) {
    this.#options = options;
  }

  /** Another one wants to stop it. */
  async asked(name: string, stop: number, text: string): Promise<void> {
    const { id, link, watcher, untold } = this.#options;
    const ask = parseAsk(text);
    const target = watcher(name);
    const may = ask !== undefined && (!target || mayYield(target, ask, untold(name)));
    // First we stop letting requests through, then we say so.
    if (may) this.#yield(name, stop, ask);
    const standing = await link.run(ANSWER, [id, name, String(stop), may ? "1" : "0"]).catch(() => undefined);
    // No answer: it may have counted. Then the end of its time decides, or the next synchronisation.
    if (may && standing === 0) await this.over(name, stop);
  }

  /** Somebody wants it awake here. */
  wanted(name: string): void {
    const agreed = this.#agreed.get(name);
    if (!agreed || agreed.revoking) return;
    agreed.revoking = true;
    const { id, link } = this.#options;
    link
      .run(REVOKE, [id, name, String(agreed.stop)])
      .then((revoked) => (revoked === 1 ? this.over(name, agreed.stop) : undefined))
      .catch(() => {
        agreed.revoking = false;
      });
  }

  /** A stop is over or does not come. */
  async over(name: string, stop: number): Promise<void> {
    if (this.#agreed.get(name)?.stop !== stop) return;
    this.#agreed.delete(name);
    this.#options.store.update(name, { stopIntent: undefined });
    await this.#options.watcher(name)?.elsewhere.stopped();
  }

  /**
   * All stops that stood when Redis was asked, at `sentAt` (monotonic ms) or later: what we had agreed to before and is
   * not among them is over, and others are news. Of what we agreed to since, such an answer says nothing.
   */
  standing(stops: readonly StandingStop[], sentAt: number): void {
    const { id } = this.#options;
    for (const [name, { stop, at }] of this.#agreed)
      if (at < sentAt && !stops.some((each) => each.target === name && each.stop === stop))
        void this.over(name, stop);
    for (const { target, stop, ask, by, phase, left } of stops) {
      const agreed = this.#agreed.get(target);
      if (by === id) continue;
      if (agreed?.stop === stop) {
        // It takes longer than it was to take, and is renewed by who makes it.
        if (phase === "committed" && this.#options.clock.now() + left > agreed.until)
          this.#joinLate(target, stop, ask);
      } else if (phase === "asked") void this.asked(target, stop, ask);
      else this.#joinLate(target, stop, ask);
    }
  }

  /** Redis lost everything: no word will come that a stop is over, so each keeps to its own time. */
  lost(): void {
    this.#agreed.clear();
  }

  /** It was decided before we came, or behind our back: it may be dying. */
  #joinLate(name: string, stop: number, text: string): void {
    const ask = parseAsk(text);
    if (ask) this.#yield(name, stop, ask);
  }

  #yield(name: string, stop: number, ask: Ask): void {
    const { store, clock, timing, watcher } = this.#options;
    const { instance, run, method, withinMs } = ask;
    const ms = timing.askMs + timing.leaseMs + withinMs + SPARE_MS;
    const at = clock.now();
    this.#agreed.set(name, { stop, at: clock.monotonic(), until: at + ms, revoking: false });
    // Where it is not watched yet, what is found running is known as dying.
    store.update(name, { stopIntent: { instance, run, method, at, until: at + ms } });
    watcher(name)?.elsewhere.stops(method, ms);
  }
}

/** Whether a target may be stopped as far as this Wakegate is concerned. Reads, and changes nothing. */
export function mayYield(watcher: Watcher, ask: Pick<Ask, "run" | "force">, untold: boolean): boolean {
  const { state, activity, around } = watcher;
  switch (state.kind) {
    case "waking":
    case "starting":
      return false;
    case "stopping":
      return state.wanted === undefined;
    case "napping":
    case "missing":
    case "error":
      return true;
    case "ready": {
      if (state.seen.run !== ask.run) return false;
      if (around.clock.monotonic() - activity.lastPass < AFTER_PASS_MS) return false;
      // What the others have open is theirs to say.
      return ask.force || (!untold && holders(watcher).every(({ source }) => source === "replicas"));
    }
  }
}
