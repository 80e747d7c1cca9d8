import type { Clock } from "../lib/clock.ts";
import { sleep } from "../lib/clock.ts";
import { linkSignals } from "../lib/signals.ts";
import type { Store } from "../store/store.ts";
import type { ProposedStop } from "../watchers/coordination.ts";
import { holders } from "../watchers/jobs/holders.ts";
import type { Watcher } from "../watchers/watcher.ts";
import {
  elapsedMs,
  momentOf,
  parseStopQuestion,
  words,
  type StopQuestion,
  type Synced,
  type Timing,
} from "./protocol.ts";
import type { RedisConnection } from "./redis.ts";
import { COMMIT, CONSENT, END, PROPOSE, WITHDRAW } from "./scripts.ts";

/*
 * A stop is a two-phase commit: the leader proposes it, each other replica consents and lets no request pass from then
 * on, and the leader commits it immediately before the engine call.
 */

export interface StopCoordinatorOptions {
  readonly id: string;
  readonly redis: Pick<RedisConnection, "run">;
  readonly clock: Clock;
  readonly timing: Timing;
  /** Token of this replica's leadership; undefined when it does not lead, or its lease may have ended. */
  readonly leaderToken: () => string | undefined;
  /** `why` is the reason of a refusal, `detail` the replica or the time that it is about. */
  readonly onRefused: (name: string, why: string, detail: string | undefined) => void;
}

/** A proposal and the answers so far. An answer may arrive before the list of the replicas that were asked. */
interface Proposal {
  readonly answers: Map<string, boolean>;
  changed: () => void;
}

/** The leader's side of a stop: proposes it, waits for the consent of every other replica, then commits it. */
export class StopCoordinator {
  readonly #options: StopCoordinatorOptions;
  readonly #proposal = new Map<string, Proposal>();
  /** Stops that were proposed and have not ended. */
  readonly #open = new Map<string, { readonly stop: string; readonly withinMs: number; committed?: true }>();

  constructor(options: StopCoordinatorOptions) {
    this.#options = options;
  }

  /** Committed stops, to be renewed: target and token. An engine may take longer than expected. */
  get committed(): readonly (readonly [string, string])[] {
    return [...this.#open].flatMap(([name, { stop, committed }]) =>
      committed ? [[name, stop] as const] : [],
    );
  }

  /**
   * Asks the other replicas to consent. Returns false when one of them refuses or does not answer in time.
   *
   * @throws the signal's reason when it aborts.
   */
  async agree(stop: ProposedStop, signal: AbortSignal): Promise<boolean> {
    const { id, redis, timing, leaderToken } = this.#options;
    const leader = leaderToken();
    if (leader === undefined) return false;
    const proposal: Proposal = { answers: new Map(), changed: () => undefined };
    this.#proposal.set(stop.name, proposal);
    const { instance, run, method, withinMs, force } = stop;
    const question: StopQuestion = { instance, run, method, withinMs, force };
    try {
      const args = [
        id,
        leader,
        stop.name,
        stop.unusedMs,
        force ? 1 : 0,
        timing.leaseMs,
        timing.lostMs,
        timing.askMs,
      ];
      const answer = await redis.run(PROPOSE, [...args.map(String), JSON.stringify(question)]);
      const [word = "", token = "", ...others] = words(answer);
      if (word !== "asked") {
        this.#options.onRefused(stop.name, word, token);
        return false;
      }
      this.#open.set(stop.name, { stop: token, withinMs });
      signal.throwIfAborted();
      const silent = await this.#untilAnswered(proposal, token, others, signal);
      if (silent === undefined) return true;
      this.#options.onRefused(stop.name, "no-answer", silent);
    } catch (error) {
      if (signal.aborted) {
        this.end(stop.name);
        throw error;
      }
      this.#options.onRefused(stop.name, "unreachable", undefined);
    } finally {
      if (this.#proposal.get(stop.name) === proposal) this.#proposal.delete(stop.name);
    }
    this.end(stop.name);
    return false;
  }

  /** Another replica consented or refused. */
  answered(name: string, stop: number, by: string, yes: boolean): void {
    const proposal = this.#proposal.get(name);
    proposal?.answers.set(`${String(stop)} ${by}`, yes);
    proposal?.changed();
  }

  /** Another replica withdrew its consent. */
  withdrawn(name: string, stop: number): void {
    if (this.#open.get(name)?.stop === String(stop)) this.#open.delete(name);
  }

  /** Commits a stop that every replica consented to. Returns false when it must not be carried out. Never throws. */
  async commit(name: string): Promise<boolean> {
    const { id, redis, clock, timing, leaderToken } = this.#options;
    const open = this.#open.get(name);
    const leader = leaderToken();
    if (!open || leader === undefined) return false;
    const sent = momentOf(clock);
    try {
      const args = [id, leader, name, open.stop, String(open.withinMs + timing.leaseMs)];
      const [word = ""] = words(await redis.run(COMMIT, args));
      // This process may have been suspended since Redis answered, and the consent of the others expires.
      if (word === "ok" && elapsedMs(sent, momentOf(clock)) < timing.marginMs) {
        open.committed = true;
        return true;
      }
      this.#options.onRefused(name, word === "ok" ? "suspended" : word, undefined);
    } catch {
      this.#options.onRefused(name, "unreachable", undefined);
    }
    this.end(name);
    return false;
  }

  /** Ends a stop that was carried out or given up. Does nothing when there is none. */
  end(name: string): void {
    const open = this.#open.get(name);
    if (!open || !this.#open.delete(name)) return;
    // If this call is lost, the consent of the others expires.
    this.#options.redis.run(END, [this.#options.id, name, open.stop]).catch(() => undefined);
  }

  /** Undefined when all consented; else a replica that refused or did not answer in time. */
  async #untilAnswered(
    proposal: Proposal,
    token: string,
    others: readonly string[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { clock, timing } = this.#options;
    using done = linkSignals(signal);
    const judge = (): void => {
      const answers = others.map((other) => proposal.answers.get(`${token} ${other}`));
      if (answers.includes(false) || !answers.includes(undefined)) done.abort(new Error("answered"));
    };
    proposal.changed = judge;
    judge();
    await sleep(clock, timing.agreeMs, done.signal).catch(() => undefined);
    signal.throwIfAborted();
    return others.find((other) => proposal.answers.get(`${token} ${other}`) !== true);
  }
}

export interface StopParticipantOptions {
  readonly id: string;
  readonly redis: Pick<RedisConnection, "run">;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly store: Pick<Store, "update">;
  readonly watcher: (name: string) => Watcher | undefined;
  /** Whether a use of the target was not sent yet. */
  readonly hasUnsentUse: (name: string) => boolean;
}

/** A stop as Redis stores it. */
type StoredStop = Pick<Synced["stops"][number], "target" | "stop" | "ask" | "by" | "phase" | "left">;

/** A request that passed may still be on its way to the app. */
const AFTER_PASS_MS = 2_000;
/** Allowance for the engine's answer to a stop. */
const SPARE_MS = 5_000;

/**
 * A replica's side of a stop that another one proposes: it refuses, or consents and lets no request pass until the stop
 * is over.
 */
export class StopParticipant {
  readonly #options: StopParticipantOptions;
  readonly #consents = new Map<
    string,
    {
      readonly stop: number;
      /** Monotonic ms of the consent. */
      readonly at: number;
      /** Wall ms at which the consent expires. */
      readonly until: number;
      withdrawing: boolean;
    }
  >();

  constructor(options: StopParticipantOptions) {
    this.#options = options;
  }

  /** Answers a proposal. */
  async asked(name: string, stop: number, text: string): Promise<void> {
    const { id, redis, watcher, hasUnsentUse } = this.#options;
    const question = parseStopQuestion(text);
    const target = watcher(name);
    const may = question !== undefined && (!target || consentsToStop(target, question, hasUnsentUse(name)));
    // Stop letting requests pass before the answer is sent.
    if (may) this.#consent(name, stop, question);
    const counted = await redis
      .run(CONSENT, [id, name, String(stop), may ? "1" : "0"])
      .catch(() => undefined);
    // Without an answer the consent may have counted: its expiry decides, or the next synchronization.
    if (may && counted === 0) await this.over(name, stop);
  }

  /** Withdraws consent, because the target is needed on this replica. */
  wanted(name: string): void {
    const consent = this.#consents.get(name);
    if (!consent || consent.withdrawing) return;
    consent.withdrawing = true;
    const { id, redis } = this.#options;
    redis
      .run(WITHDRAW, [id, name, String(consent.stop)])
      .then((withdrawn) => (withdrawn === 1 ? this.over(name, consent.stop) : undefined))
      .catch(() => {
        consent.withdrawing = false;
      });
  }

  /** A stop is over, or will not happen. */
  async over(name: string, stop: number): Promise<void> {
    if (this.#consents.get(name)?.stop !== stop) return;
    this.#consents.delete(name);
    this.#options.store.update(name, { stopIntent: undefined });
    await this.#options.watcher(name)?.elsewhere.stopped();
  }

  /**
   * Applies the list of all stops, as Redis had it at `sentAt` (monotonic ms) or later. A stop that this replica consented
   * to before and that is not in the list is over. The list says nothing about consents given since.
   */
  reconcile(stops: readonly StoredStop[], sentAt: number): void {
    const { id } = this.#options;
    for (const [name, { stop, at }] of this.#consents)
      if (at < sentAt && !stops.some((each) => each.target === name && each.stop === stop))
        void this.over(name, stop);
    for (const { target, stop, ask, by, phase, left } of stops) {
      const consent = this.#consents.get(target);
      if (by === id) continue;
      if (consent?.stop === stop) {
        // The stop takes longer than planned, and the leader renewed it.
        if (phase === "committed" && this.#options.clock.now() + left > consent.until)
          this.#consentLate(target, stop, ask);
      } else if (phase === "asked") void this.asked(target, stop, ask);
      else this.#consentLate(target, stop, ask);
    }
  }

  /** Redis lost its data: no message will say that a stop is over, so each consent lasts until it expires. */
  forget(): void {
    this.#consents.clear();
  }

  /** The stop was committed without this replica's answer: the target may be shutting down. */
  #consentLate(name: string, stop: number, text: string): void {
    const question = parseStopQuestion(text);
    if (question) this.#consent(name, stop, question);
  }

  #consent(name: string, stop: number, question: StopQuestion): void {
    const { store, clock, timing, watcher } = this.#options;
    const { instance, run, method, withinMs } = question;
    const ms = timing.askMs + timing.leaseMs + withinMs + SPARE_MS;
    const at = clock.now();
    this.#consents.set(name, { stop, at: clock.monotonic(), until: at + ms, withdrawing: false });
    // Also for a target without a watcher: a run that is found later is known to be shutting down.
    store.update(name, { stopIntent: { instance, run, method, at, until: at + ms } });
    watcher(name)?.elsewhere.stops(method, ms);
  }
}

/** Whether a target may be stopped as far as this replica knows. Has no side effects. */
export function consentsToStop(
  watcher: Watcher,
  question: Pick<StopQuestion, "run" | "force">,
  hasUnsentUse: boolean,
): boolean {
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
      if (state.seen.run !== question.run) return false;
      if (around.clock.monotonic() - activity.lastPass < AFTER_PASS_MS) return false;
      // The other replicas answer for what is in use through them.
      return (
        question.force || (!hasUnsentUse && holders(watcher).every(({ source }) => source === "replicas"))
      );
    }
  }
}
