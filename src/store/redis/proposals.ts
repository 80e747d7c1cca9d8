import type { Clock } from "../../lib/clock.ts";
import { sleep } from "../../lib/clock.ts";
import { linkSignals } from "../../lib/signals.ts";
import type { ProposedStop } from "../../watchers/coordination.ts";
import type { RedisLink } from "./link.ts";
import { COMMIT, END, PROPOSE } from "./scripts.ts";
import { elapsedMs, type Moment, type Timing } from "./timing.ts";
import { words, type Ask } from "./wire.ts";

export interface ProposalsOptions {
  readonly id: string;
  readonly link: Pick<RedisLink, "run">;
  readonly clock: Clock;
  readonly timing: Timing;
  /** Our token as the one who puts to sleep; undefined: we are not, or not surely any more. */
  readonly leaderToken: () => string | undefined;
  /** Why a stop was not agreed to: the word of Redis, and of whom or how long. */
  readonly onRefused: (name: string, why: string, detail: string | undefined) => void;
}

/** One stop that is asked about: who has agreed so far. An answer may be there before we know whom we asked. */
interface Asking {
  readonly answers: Map<string, boolean>;
  changed: () => void;
}

/** The stops that we want: proposed to all others, agreed to by each of them, then made final. */
export class Proposals {
  readonly #options: ProposalsOptions;
  readonly #asking = new Map<string, Asking>();
  /** Tokens of the stops that were proposed and not ended. */
  readonly #open = new Map<string, { readonly stop: string; readonly withinMs: number; committed?: true }>();

  constructor(options: ProposalsOptions) {
    this.#options = options;
  }

  /** Stops under way, to be renewed: target and token. An engine may take longer than anybody thought. */
  get committed(): readonly (readonly [string, string])[] {
    return [...this.#open].flatMap(([name, { stop, committed }]) =>
      committed ? [[name, stop] as const] : [],
    );
  }

  async agree(stop: ProposedStop, signal: AbortSignal): Promise<boolean> {
    const { id, link, timing, leaderToken } = this.#options;
    const leader = leaderToken();
    if (leader === undefined) return false;
    const asking: Asking = { answers: new Map(), changed: () => undefined };
    this.#asking.set(stop.name, asking);
    const { instance, run, method, withinMs, force } = stop;
    const ask: Ask = { instance, run, method, withinMs, force };
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
      const answer = await link.run(PROPOSE, [...args.map(String), JSON.stringify(ask)]);
      const [word = "", token = "", ...others] = words(answer);
      if (word !== "asked") {
        this.#options.onRefused(stop.name, word, token);
        return false;
      }
      this.#open.set(stop.name, { stop: token, withinMs });
      signal.throwIfAborted();
      const silent = await this.#untilAnswered(asking, token, others, signal);
      if (silent === undefined) return true;
      this.#options.onRefused(stop.name, "no-answer", silent);
    } catch (error) {
      if (signal.aborted) {
        this.end(stop.name);
        throw error;
      }
      this.#options.onRefused(stop.name, "away", undefined);
    } finally {
      if (this.#asking.get(stop.name) === asking) this.#asking.delete(stop.name);
    }
    this.end(stop.name);
    return false;
  }

  /** Another Wakegate agreed, or did not. */
  answered(name: string, stop: number, by: string, yes: boolean): void {
    const asking = this.#asking.get(name);
    asking?.answers.set(`${String(stop)} ${by}`, yes);
    asking?.changed();
  }

  /** The stop was taken back by another one. */
  over(name: string, stop: number): void {
    if (this.#open.get(name)?.stop === String(stop)) this.#open.delete(name);
  }

  async commit(name: string): Promise<boolean> {
    const { id, link, clock, timing, leaderToken } = this.#options;
    const open = this.#open.get(name);
    const leader = leaderToken();
    if (!open || leader === undefined) return false;
    const sent = momentOf(clock);
    try {
      const args = [id, leader, name, open.stop, String(open.withinMs + timing.leaseMs)];
      const [word = ""] = words(await link.run(COMMIT, args));
      // We may have stood still since Redis said so, and others do not wait for ever.
      if (word === "ok" && elapsedMs(sent, momentOf(clock)) < timing.marginMs) {
        open.committed = true;
        return true;
      }
      this.#options.onRefused(name, word === "ok" ? "stood-still" : word, undefined);
    } catch {
      this.#options.onRefused(name, "away", undefined);
    }
    this.end(name);
    return false;
  }

  /** The stop is over, or is not made. */
  end(name: string): void {
    const open = this.#open.get(name);
    if (!open || !this.#open.delete(name)) return;
    // Where this is lost, the others find out by themselves when its time is over.
    this.#options.link.run(END, [this.#options.id, name, open.stop]).catch(() => undefined);
  }

  /** Undefined when all agreed; else who did not, or did not answer in time. */
  async #untilAnswered(
    asking: Asking,
    token: string,
    others: readonly string[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { clock, timing } = this.#options;
    using done = linkSignals(signal);
    const judge = (): void => {
      const answers = others.map((other) => asking.answers.get(`${token} ${other}`));
      if (answers.includes(false) || !answers.includes(undefined)) done.abort(new Error("answered"));
    };
    asking.changed = judge;
    judge();
    await sleep(clock, timing.agreeMs, done.signal).catch(() => undefined);
    signal.throwIfAborted();
    return others.find((other) => asking.answers.get(`${token} ${other}`) !== true);
  }
}

/** Both clocks at once. */
export function momentOf(clock: Clock): Moment {
  return { wall: clock.now(), mono: clock.monotonic() };
}
