import type { Clock } from "../lib/clock.ts";
import { Generations } from "../lib/generations.ts";
import { isSteady, startCadence, tick, type Cadence } from "./cadence.ts";
import type { RequestFacts } from "./request-facts.ts";
import { agentOf, type KnownAgent } from "./user-agents.ts";

/** A client that asks for the same path at a steady pace: evidence for `why`. */
export interface PollerEvidence {
  readonly client: string;
  readonly userAgent: string | undefined;
  readonly method: string;
  readonly path: string;
  /** Mean interval in ms. */
  readonly everyMs: number;
  /** Wall ms of the first request of the steady run. */
  readonly since: number;
  /** False where the method may change something: that is told, but it counts and wakes like a person's. */
  readonly acts: boolean;
}

/** Most keys that are known at once, over all targets: at most some MB, whoever asks. */
export const MAX_POLLERS = 8192;
/** Longer paths, and user agents that are too long to be known, are nobody's steady poll, and must not fill the memory. */
const MAX_TEXT = 512;

/** Own intervals without a request after which nobody polls any more. */
const GONE_AFTER = 3;

/** What a repeated request may be without changing anything. A steady POST may be somebody's work being saved. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "SEARCH"]);

/**
 * Finds pollers by their cadence: same target, client, user agent, method and path, six or more times, 2 s to 1 h
 * apart. Memory is bounded; a key that was pushed out is learned anew and counts meanwhile. A call costs one
 * look-up.
 */
export class Pollers {
  readonly #clock: Clock;
  readonly #known: Generations<string, Asked>;

  constructor(clock: Clock, max = MAX_POLLERS) {
    this.#clock = clock;
    this.#known = new Generations(max);
  }

  /** Keys that are known now. */
  get size(): number {
    return this.#known.size;
  }

  /**
   * Notes a request. True when it is one of a steady run and changes nothing. A handshake of a session (WebSocket,
   * event stream) is never a poll: what counts there is what follows.
   */
  note(target: string, facts: RequestFacts): boolean {
    const agent = agentOf(facts.userAgent);
    if (facts.longLived || facts.path.length > MAX_TEXT || agent.id < 0) return false;
    const key = keyOf(target, facts, agent);
    const now = this.#clock.monotonic();
    const asked = this.#known.get(key);
    if (!asked) {
      this.#known.set(key, { agent, cadence: startCadence(now) });
      return false;
    }
    tick(asked.cadence, now);
    return isSteady(asked.cadence) && SAFE.has(facts.method);
  }

  /** Whether requests like this one are a known poll, without noting it. */
  has(target: string, facts: RequestFacts): boolean {
    return this.find(target, facts)?.acts === true;
  }

  /** The evidence that requests like this one are polls. */
  find(target: string, facts: RequestFacts): PollerEvidence | undefined {
    const key = keyOf(target, facts, agentOf(facts.userAgent));
    const asked = this.#known.get(key);
    return asked && isSteady(asked.cadence) ? this.#evidence(key, asked) : undefined;
  }

  /**
   * All who poll a target now, the quickest first. Those that missed several of their own intervals are left out.
   * Goes through all keys: for people's questions, not for requests.
   */
  of(target: string): readonly PollerEvidence[] {
    const now = this.#clock.monotonic();
    const found: PollerEvidence[] = [];
    for (const [key, asked] of this.#known.entries()) {
      const { cadence } = asked;
      if (!key.startsWith(`${target}\0`) || !isSteady(cadence)) continue;
      if (now - cadence.last <= GONE_AFTER * cadence.meanMs) found.push(this.#evidence(key, asked));
    }
    return found.sort((a, b) => a.everyMs - b.everyMs);
  }

  #evidence(key: string, { agent, cadence }: Asked): PollerEvidence {
    const [, client = "", method = "", path = ""] = key.split("\0");
    return {
      client,
      userAgent: agent.text === "" ? undefined : agent.text,
      method,
      path,
      everyMs: Math.round(cadence.meanMs),
      since: this.#clock.now() - Math.round(this.#clock.monotonic() - cadence.since),
      acts: SAFE.has(method),
    };
  }
}

/** What is kept of one key. */
interface Asked {
  readonly agent: KnownAgent;
  readonly cadence: Cadence;
}

/** No part can hold the separator: HTTP knows no such character in any of them. */
function keyOf(target: string, { client, method, path }: RequestFacts, agent: KnownAgent): string {
  return `${target}\0${client}\0${method}\0${path}\0${String(agent.id)}`;
}
