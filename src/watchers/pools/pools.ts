import type { PoolSpec } from "../../config/model/pool.ts";
import type { Clock } from "../../lib/clock.ts";
import { Emitter, type Subscribable } from "../../lib/emitter.ts";
import type { Log } from "../../lib/log.ts";
import { onAbort } from "../../lib/signals.ts";
import type { InstanceStatus } from "../../providers/provider.ts";
import { WakeFailedError } from "../failure.ts";
import type { State } from "../state.ts";
import type { Watcher } from "../watcher.ts";
import { decide, type Decision, type Waiting } from "./decide.ts";
import { roomEtaMs } from "./eta.ts";
import { memberOf } from "./member-of.ts";
import type { Claim, Member } from "./member.ts";
import { RoomOf, type Room, type RoomNews } from "./room.ts";
import { neverText, whyFull } from "./say-full.ts";

/** The watchers, as pools see them. */
export interface PoolWatchers {
  get(name: string): Watcher | undefined;
  all(): Iterable<Watcher>;
}

export interface PoolsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly pools: readonly PoolSpec[];
  readonly watchers: PoolWatchers;
  /** What has to be awake with a target: its dependencies, and the parts that wake with it. */
  readonly needs: (name: string) => readonly string[];
  /** The engine's last word of a target. */
  readonly said: (name: string) => InstanceStatus | undefined;
  /** False while it is not known yet what runs: nobody gets room then. */
  readonly settled: () => boolean;
}

/** A target that went to sleep because others needed its room. */
export interface Yielded {
  readonly target: string;
  readonly pools: readonly string[];
}

/** While somebody waits it is decided anew this often: that a target is not used any more is told by nobody. */
const DECIDE_EVERY_MS = 1_000;

const NOTHING: Decision = { granted: [], waiting: new Map(), yields: new Set() };

interface Queued {
  readonly name: string;
  readonly told: (news: RoomNews) => void;
  readonly settle: (end: boolean | Error) => void;
  /** The last news, as one word. Empty: none yet. */
  news: string;
}

/**
 * What targets share: who waits for room, who has it for a wake under way, who has to make it. Nothing of it outlives
 * the process: what is taken is seen by what is awake.
 */
export class Pools implements Disposable {
  readonly #options: PoolsOptions;
  readonly #yielded = new Emitter<Yielded>();
  #specs: readonly PoolSpec[];
  #queue: readonly Queued[] = [];
  /** Wakes under way that have their places. */
  #granted: readonly (Claim & { readonly watcher: Watcher })[] = [];
  /** Who was asked to make room. */
  #asked: ReadonlySet<string> = new Set();
  #timer: Disposable | undefined;
  #deciding = false;
  #again = false;

  constructor(options: PoolsOptions) {
    this.#options = options;
    this.#specs = options.pools;
  }

  get specs(): readonly PoolSpec[] {
    return this.#specs;
  }

  /** Fires for each target that goes to sleep because others need its room. */
  get yielded(): Subscribable<Yielded> {
    return this.#yielded;
  }

  /** Targets that wait for room, in their order. */
  get queue(): readonly string[] {
    return this.#queue.map(({ name }) => name);
  }

  /** Whether a wake under way has a place for this target. */
  isReserved(name: string): boolean {
    return this.#granted.some(({ members }) => members.includes(name));
  }

  /** Everything that is in a pool, and whoever needs one of these. */
  members(): readonly Member[] {
    if (this.#specs.length === 0) return [];
    const found = new Map<string, Member>();
    const add = (watcher: Watcher): void => {
      if (found.has(watcher.name)) return;
      const member = memberOf(watcher, this.#poolsOf(watcher), this.#options.said(watcher.name));
      found.set(watcher.name, member);
      for (const user of member.neededBy) {
        const other = this.#options.watchers.get(user);
        if (other) add(other);
      }
    };
    for (const watcher of this.#options.watchers.all()) if (this.#poolsOf(watcher).length > 0) add(watcher);
    return [...found.values()];
  }

  /** Takes other limits. What is awake stays so until somebody waits for its room. */
  configure(specs: readonly PoolSpec[]): void {
    this.#specs = specs;
    this.review();
  }

  /** What a target may ask. */
  roomOf(name: string): Room {
    return new RoomOf(this, name);
  }

  /** See {@link Room.needed}. */
  areNeeded(name: string): boolean {
    if (this.#specs.length === 0) return false;
    return this.#closureOf(name).some((each) => {
      const watcher = this.#options.watchers.get(each);
      return watcher !== undefined && this.#poolsOf(watcher).length > 0;
    });
  }

  /** See {@link Room.inBudget}. */
  countMemory(name: string): boolean {
    const watcher = this.#specs.length === 0 ? undefined : this.#options.watchers.get(name);
    return (
      watcher !== undefined && this.#poolsOf(watcher).some(({ budgetBytes }) => budgetBytes !== undefined)
    );
  }

  /** See {@link Room.take}. */
  take(name: string, told: (news: RoomNews) => void, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const leave = (): void => {
        this.#queue = this.#queue.filter((other) => other !== entry);
        aborting[Symbol.dispose]();
      };
      const settle = (end: boolean | Error): void => {
        leave();
        if (typeof end === "boolean") resolve(end);
        else reject(end);
      };
      const entry: Queued = { name, told, settle, news: "" };
      const aborting = onAbort(signal, (reason) => {
        settle(reason as Error);
        this.review();
      });
      this.#queue = [...this.#queue, entry];
      this.review();
    });
  }

  /** See {@link Room.whyFull}. */
  whyFull(name: string): string {
    if (!this.#options.settled()) return "an engine has not told yet what runs.";
    // It has left the queue already.
    const { shortage } = this.#decide([{ name }]).waiting.get(name) ?? {};
    return whyFull(this.#specs, this.members(), shortage, this.#options.watchers);
  }

  /** A target changed state. */
  moved({ name, spec }: Watcher, after: State): void {
    if (after.kind === "stopping" && after.whose === "ours" && this.#asked.has(name))
      this.#yielded.emit({ target: name, pools: spec.pools });
    this.review();
  }

  /** Something changed: who has room now gets it, who has to make it is told, who need not any more stays awake. */
  review(): void {
    const { watchers, settled } = this.#options;
    this.#granted = this.#granted.filter(({ name, watcher }) => {
      const { kind } = watcher.state;
      return watchers.get(name) === watcher && (kind === "waking" || kind === "starting");
    });
    if (this.#queue.length === 0 && this.#asked.size === 0) return;
    // What is done leads to changes, which ask for the next decision.
    this.#again = true;
    if (this.#deciding) return;
    this.#deciding = true;
    try {
      while (this.#again) {
        this.#again = false;
        this.#act(this.#queue.length > 0 && settled() ? this.#decide() : NOTHING);
      }
    } finally {
      this.#deciding = false;
    }
    this.#timer?.[Symbol.dispose]();
    this.#timer =
      this.#queue.length === 0 ? undefined : this.#options.clock.after(DECIDE_EVERY_MS, () => this.review());
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#queue = [];
    this.#asked = new Set();
  }

  #decide(queue: readonly { readonly name: string }[] = this.#queue): Decision {
    return decide({
      pools: this.#specs,
      members: this.members(),
      granted: this.#granted,
      queue: queue.map(({ name }) => this.#claimOf(name)),
    });
  }

  #act({ granted, waiting, yields }: Decision): void {
    const { watchers, log } = this.#options;
    for (const entry of this.#queue) {
      const watcher = watchers.get(entry.name);
      const how = waiting.get(entry.name);
      if (granted.includes(entry.name) && watcher) {
        this.#granted = [...this.#granted, { ...this.#claimOf(entry.name), watcher }];
        entry.settle(entry.news !== "");
      } else if (how?.never) {
        entry.settle(new WakeFailedError("no_room", neverText(entry.name, how.never)));
      } else if (how) this.#tell(entry, how);
    }
    const before = this.#asked;
    this.#asked = yields;
    for (const name of before) if (!yields.has(name)) watchers.get(name)?.asked.keep();
    for (const name of yields) {
      if (!before.has(name))
        log.info("makes_room", `${name} is to sleep, so that others have room`, { target: name });
      watchers.get(name)?.asked.makeRoom();
    }
  }

  #tell(entry: Queued, { before, shortage, yields }: Waiting): void {
    const pools = [...shortage.keys()];
    const etaMs = before === 0 ? roomEtaMs(pools, yields, this.#options.watchers) : undefined;
    // An estimate that only runs down is no news.
    const news = JSON.stringify([before, pools, yields, etaMs === undefined]);
    if (news === entry.news) return;
    entry.news = news;
    entry.told({ before, pools, yields, ...(etaMs !== undefined && { etaMs }) });
  }

  #claimOf(name: string): Claim {
    return { name, members: this.#closureOf(name) };
  }

  /** A target and all that has to be awake with it; what has run to its end need not be. */
  #closureOf(name: string): readonly string[] {
    const { needs, watchers } = this.#options;
    const all = new Set<string>();
    const visit = (each: string): void => {
      const state = watchers.get(each)?.state;
      if (all.has(each) || !state || (state.kind === "napping" && state.how === "completed")) return;
      all.add(each);
      for (const need of needs(each)) visit(need);
    };
    visit(name);
    return [...all];
  }

  #poolsOf({ spec }: Watcher): readonly PoolSpec[] {
    if (spec.pools.length === 0) return [];
    return this.#specs.filter(({ name }) => spec.pools.includes(name));
  }
}
