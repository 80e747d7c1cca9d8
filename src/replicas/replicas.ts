import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { RedisStoreSettings } from "../config/model/store.ts";
import { messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { Emitter, type Subscribable } from "../lib/emitter.ts";
import type { Log } from "../lib/log.ts";
import type { InstanceStatus } from "../providers/provider.ts";
import type { Store } from "../store/store.ts";
import type { Evidence } from "../watchers/activity/evidence.ts";
import type { Coordination, MayNotSleep, ProposedStop, WakeClaim } from "../watchers/coordination.ts";
import type { Moved } from "../watchers/registry/watcher-set.ts";
import type { Watcher } from "../watchers/watcher.ts";
import {
  momentOf,
  parseMessage,
  surelyAsked,
  timingOf,
  type Mismatch,
  type Moment,
  type Synced,
  type Timing,
} from "./protocol.ts";
import { RedisConnection } from "./redis.ts";
import { CLAIM_NOTIFICATION, LEAVE, SHARED_KEY } from "./scripts.ts";
import { SharedStore } from "./shared-store.ts";
import {
  leaderOf,
  mayNotSleep,
  mismatchText,
  StatusLogger,
  statusOf,
  type ReplicasStatus,
  type StoreStatus,
} from "./status.ts";
import { StopCoordinator, StopParticipant } from "./stops.ts";
import { ReplicaSync, SyncLoop, type SharedTargets } from "./sync.ts";
import { WakeLocks } from "./wake-locks.ts";

/** What replicas need of the registry. */
export interface SharedWatchers {
  watcher(name: string): Watcher | undefined;
  readonly watchers: Iterable<Watcher>;
  readonly moved: Subscribable<Moved>;
}

export interface ReplicasOptions {
  readonly settings: RedisStoreSettings;
  readonly store: SharedStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Signs pages and cookies. Overwritten in place with the key that all replicas share, and stored by `save`. */
  readonly key: { readonly bytes: Uint8Array; readonly save: (bytes: Uint8Array) => Promise<void> };
}

const NO_WATCHERS: SharedTargets = { watcher: () => undefined, watchers: [], ready: false };

/** Why the other replicas, or Redis, refuse a stop. The scripts and `StopCoordinator` return the keys. */
const REFUSALS: Readonly<Record<string, string>> = {
  "not-leader": "this replica is no longer the leader",
  settling: "the shared store is new, other replicas may be about to join",
  lost: "a replica is lost",
  mismatched: "a replica has a different version or settings",
  "in-use": "it is in use on another replica",
  used: "it was used on another replica",
  busy: "another stop is in progress",
  waking: "another replica is waking it",
  revoked: "a replica withdrew its consent",
  "not-agreed": "a replica has not consented",
  "no-answer": "a replica refused or did not answer",
  suspended: "this process was suspended while it asked",
  unreachable: "the shared store is unreachable",
};

/** How long a start waits for the first synchronization. A Redis that is up answers sooner. */
const FIRST_SYNC_MS = 2_000;

/** The shared store and this replica. */
export interface OpenReplicas {
  readonly store: Store;
  readonly replicas: Replicas;
}

/**
 * Opens the shared store on top of the state file `files`, which stays the caller's. Resolves after the first
 * synchronization, or when Redis does not answer: connecting is then retried and the outage logged. Never rejects.
 */
export async function openReplicas(options: {
  readonly settings: RedisStoreSettings;
  readonly files: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly key: ReplicasOptions["key"];
}): Promise<OpenReplicas> {
  const store = new SharedStore(options.files);
  const replicas = new Replicas({ ...options, store });
  await replicas.whenSynced(FIRST_SYNC_MS);
  return { store, replicas };
}

/**
 * One of several Wakegates that share a Redis. Questions on the path of a request are answered from memory. A
 * synchronization, at most once a second, exchanges what is new and renews the lease of this replica.
 */
export class Replicas implements Coordination, AsyncDisposable {
  readonly id = randomUUID().slice(0, 13);
  readonly name: string;
  /** Fires when the status changed: members, leader, reachability of the store. */
  readonly changed = new Emitter<void>();
  readonly #options: ReplicasOptions;
  readonly #timing: Timing;
  readonly #redis: RedisConnection;
  readonly #wakeLocks: WakeLocks;
  readonly #coordinator: StopCoordinator;
  readonly #participant: StopParticipant;
  readonly #sync: ReplicaSync;
  readonly #loop: SyncLoop;
  readonly #logger: StatusLogger;
  #watchers = NO_WATCHERS;
  #status: StoreStatus;
  /** When the other replicas last heard from this one: for a while none of them stops anything without its consent. */
  #lastContact: Moment;
  /** Targets that were ready when that contact was lost for too long, and when their engine last confirmed them. */
  readonly #confirmed = new Map<string, Moment>();
  readonly #confirming = new Set<string>();
  #relaying = false;
  #moves: Disposable | undefined;
  #closed = false;

  constructor(options: ReplicasOptions) {
    const { settings, clock, store } = options;
    this.#options = options;
    this.name = settings.name ?? hostname();
    this.#timing = timingOf(settings);
    this.#status = { kind: "unreachable", why: "not connected yet", since: clock.now() };
    this.#lastContact = momentOf(clock);
    this.#logger = new StatusLogger(options.log);
    this.#loop = new SyncLoop({
      clock,
      everyMs: () => (this.#sync.isEmpty ? this.#timing.syncMs : this.#timing.coalesceMs),
      run: () => this.#tick(),
      onFailure: (error) => this.#logger.failed(error),
    });
    this.#redis = new RedisConnection({
      settings,
      clock,
      prefix: `wakegate:{${settings.cluster}}:`,
      answerMs: this.#timing.answerMs,
      listener: {
        onUp: () => this.#onUp(),
        onDown: (why) => this.#onDown(why),
        onMessage: (text) => this.#onMessage(text),
      },
    });
    const parts = { id: this.id, redis: this.#redis, clock, timing: this.#timing };
    this.#sync = new ReplicaSync({ ...parts, name: this.name, store });
    this.#wakeLocks = new WakeLocks(parts);
    this.#coordinator = new StopCoordinator({
      ...parts,
      leaderToken: () => this.#leaderToken(),
      onRefused: (name, why, detail) => this.#onRefused(name, why, detail),
    });
    this.#participant = new StopParticipant({
      ...parts,
      store,
      watcher: (name) => this.#watchers.watcher(name),
      hasUnsentUse: (name) => this.#sync.hasUnsentUse(name),
    });
    store.connect(
      (entries) => {
        this.#sync.changed(entries);
        this.#loop.within(0);
      },
      (name) => this.#wakeLocks.takeStartedByOther(name),
    );
  }

  /** Starts to coordinate these watchers. */
  attach(watchers: SharedWatchers): void {
    this.#watchers = {
      watcher: (name) => watchers.watcher(name),
      get watchers() {
        return watchers.watchers;
      },
      ready: true,
    };
    this.#moves = watchers.moved.subscribe((moved) => this.#onMoved(moved));
    this.#loop.within(0);
  }

  get status(): ReplicasStatus {
    const self = { id: this.id, name: this.name };
    return statusOf(this.#status, self, this.mayNotSleep);
  }

  get mayNotSleep(): MayNotSleep | undefined {
    if (this.#closed) return { kind: "nobody", why: "Wakegate is shutting down" };
    return mayNotSleep(this.#status, this.id, momentOf(this.#options.clock), this.#timing);
  }

  isStale(name: string): boolean {
    return this.#outdatedIn(this.#confirmed.get(name) ?? this.#lastContact, 0);
  }

  #outdatedIn(asOf: Moment, ms: number): boolean {
    const { wall, mono } = momentOf(this.#options.clock);
    return !surelyAsked(asOf, { wall: wall + ms, mono: mono + ms }, this.#timing);
  }

  /** Early enough that no request has to wait for the engine's answer. */
  #soonOutdated(asOf: Moment): boolean {
    return this.#outdatedIn(asOf, 2 * this.#timing.syncMs);
  }

  usedElsewhere(name: string): readonly Evidence[] {
    return this.#sync.usedElsewhere(name);
  }

  used(name: string): void {
    if (this.#sync.used(name)) this.#loop.within(this.#timing.coalesceMs);
  }

  wanted(name: string): void {
    this.#participant.wanted(name);
  }

  asked(target: string, how: "quiet" | "force"): void {
    if (!this.#relaying && this.mayNotSleep)
      void this.#redis.publish({ k: "sleep", target, how, by: this.id });
  }

  agree(stop: ProposedStop, signal: AbortSignal): Promise<boolean> {
    return this.#coordinator.agree(stop, signal);
  }

  commit(name: string): Promise<boolean> {
    return this.#coordinator.commit(name);
  }

  slept(name: string): void {
    this.#coordinator.end(name);
  }

  claimWake(name: string, status: InstanceStatus, signal: AbortSignal): Promise<WakeClaim | undefined> {
    return this.#wakeLocks.lock(name, status, signal);
  }

  async mayTell(key: string, withinMs: number): Promise<boolean> {
    if (!this.#redis.up) return true;
    const answer = await this.#redis
      .run(CLAIM_NOTIFICATION, [this.id, key, String(withinMs)])
      .catch(() => undefined);
    // A notification that is sent twice is better than none.
    return answer !== 0;
  }

  /** Resolves after the first synchronization, or after `ms`. Never rejects. */
  whenSynced(ms: number): Promise<void> {
    if (this.#status.kind !== "unreachable") return Promise.resolve();
    return new Promise((resolve) => {
      const subscription = this.changed.subscribe(() => finish());
      const timer = this.#options.clock.after(ms, () => finish());
      const finish = (): void => {
        timer[Symbol.dispose]();
        subscription[Symbol.dispose]();
        resolve();
      };
    });
  }

  /** All replicas sign with the key that was stored first, so that each accepts the pages and cookies of the others. */
  async #shareKey(): Promise<void> {
    const { bytes, save } = this.#options.key;
    const answer = await this.#redis.run(SHARED_KEY, [Buffer.from(bytes).toString("base64")]);
    const shared = Buffer.from(String(answer), "base64");
    if (shared.length !== bytes.length || shared.equals(bytes)) return;
    bytes.set(shared);
    await save(shared).catch((error: unknown) => {
      const message = `The key that all replicas share cannot be stored: ${messageOf(error)}`;
      this.#options.log.warn("state_unwritable", message, { err: error });
    });
  }

  #leaderToken(): string | undefined {
    if (this.#status.kind !== "synced" || this.mayNotSleep) return undefined;
    return leaderOf(this.#status.reply)?.token;
  }

  #onUp(): void {
    this.#loop.within(0);
  }

  #onDown(why: string): void {
    const { clock } = this.#options;
    const since = this.#status.kind === "unreachable" ? this.#status.since : clock.now();
    this.#setStatus({ kind: "unreachable", why, since });
    if (!this.#closed) this.#logger.unreachable(why);
  }

  #onRefused(target: string, why: string, detail: string | undefined): void {
    const { log, clock } = this.#options;
    const more = !detail ? "" : why === "used" ? ` (${detail} ms ago)` : ` (${detail})`;
    log.info("sleep_refused", `${target} stays awake: ${REFUSALS[why] ?? why}${more}`, {
      target,
      why,
      detail,
    });
    if (why === "used")
      this.#watchers.watcher(target)?.activity.usedElsewhere(clock.monotonic() - Number(detail));
    this.#loop.within(0);
  }

  #onMessage(text: string): void {
    const message = parseMessage(text);
    if (!message || this.#closed) return;
    const isFromOther = message.by !== this.id;
    switch (message.k) {
      case "ask":
        if (isFromOther && this.#status.kind !== "mismatched")
          void this.#participant.asked(message.target, message.stop, message.ask);
        return;
      case "answer":
        return this.#coordinator.answered(message.target, message.stop, message.by, message.yes);
      case "committed":
        return;
      case "over":
        this.#coordinator.withdrawn(message.target, message.stop);
        if (isFromOther) void this.#participant.over(message.target, message.stop);
        return this.#wakeLocks.changed(message.target);
      case "woke":
        return this.#wakeLocks.changed(message.target);
      case "left":
      case "changed":
        if (isFromOther) this.#loop.within(0);
        return;
      case "sleep":
        if (isFromOther) this.#relay(message.target, (watcher) => watcher.sleep(message.how));
        return;
      case "wake":
        if (!isFromOther) return;
        this.#wakeLocks.startedByOther(message.target);
        this.#relay(message.target, (watcher) => watcher.wake({ by: message.cause }));
    }
  }

  /** All replicas wake a target together, so that a loading page of one can be followed through another. */
  #onMoved({ watcher, before, after }: Moved): void {
    // The next wake confirms the target.
    if (after.kind !== "ready") this.#confirmed.delete(watcher.name);
    if (this.#relaying || after.kind !== "waking" || before.kind === "waking") return;
    const { cause } = after.wake;
    if (cause.by === "outside") return;
    void this.#redis.publish({ k: "wake", target: watcher.name, cause: cause.by, by: this.id });
  }

  /** Carries out what another replica announced, without announcing it again. */
  #relay(target: string, act: (watcher: Watcher) => void): void {
    const watcher = this.#watchers.watcher(target);
    if (!watcher) return;
    this.#relaying = true;
    try {
      act(watcher);
    } finally {
      this.#relaying = false;
    }
  }

  /** A synchronization. While Redis is unreachable: confirms in time that ready targets are still running. */
  async #tick(): Promise<void> {
    const sent = momentOf(this.#options.clock);
    if (!this.#redis.up) {
      if (this.#soonOutdated(this.#lastContact)) this.#distrustReady(sent);
      this.#confirmOutdated();
      return;
    }
    const inProgress = { wakes: this.#wakeLocks.locked, stops: this.#coordinator.committed };
    const reply = await this.#sync.run(this.#watchers, inProgress);
    if (reply?.kind === "schema") this.#onMismatch(reply);
    else if (reply) await this.#apply(reply, sent);
  }

  async #apply(reply: Synced, sent: Moment): Promise<void> {
    const { isNew, wasKnown, changed, isMore } = this.#sync.apply(reply, this.#watchers);
    if (isNew) await this.#shareKey();
    if (isNew && wasKnown) this.#participant.forget();
    if (isMore) this.#loop.again();
    this.#setStatus({ kind: "synced", sent, reply });
    for (const name of changed) this.#watchers.watcher(name)?.activity.poke();
    this.#participant.reconcile(reply.stops, sent.mono);
    if (this.#logger.synced(reply)) this.changed.emit();
    if (this.#outdatedIn(this.#lastContact, 0)) this.#distrustReady(sent);
    this.#lastContact = sent;
    for (const [name, asOf] of this.#confirmed) if (!this.#outdatedIn(asOf, 0)) this.#confirmed.delete(name);
    this.#confirmOutdated();
  }

  #onMismatch(mismatch: Mismatch): void {
    const why = mismatchText(mismatch, this.#timing, this.#options.settings.cluster);
    this.#setStatus({ kind: "mismatched", why });
    this.#logger.mismatched(why);
  }

  /**
   * Another replica may have stopped whatever was ready at the last contact, so each such target has to be confirmed by
   * its engine. Targets that wake from now on are known.
   */
  #distrustReady(now: Moment): void {
    for (const { name, state } of this.#watchers.watchers)
      if (state.kind === "ready" && !this.#confirmed.has(name)) this.#confirmed.set(name, this.#lastContact);
    this.#lastContact = now;
  }

  /** Asks the engine about each target whose last confirmation is too old. Retried with the next tick. */
  #confirmOutdated(): void {
    for (const [name, asOf] of this.#confirmed) {
      const watcher = this.#watchers.watcher(name);
      if (watcher?.state.kind !== "ready") this.#confirmed.delete(name);
      else if (this.#soonOutdated(asOf)) void this.#confirm(watcher);
    }
  }

  /** Never rejects. An engine that does not answer delays neither other targets nor the next tick. */
  async #confirm(watcher: Watcher): Promise<void> {
    const { name } = watcher;
    if (this.#confirming.has(name)) return;
    this.#confirming.add(name);
    const sent = momentOf(this.#options.clock);
    const answered = await watcher.elsewhere.verify();
    this.#confirming.delete(name);
    if (!answered || !this.#confirmed.has(name)) return;
    this.#confirmed.set(name, sent);
    watcher.changed.emit();
  }

  #setStatus(next: StoreStatus): void {
    const before = this.mayNotSleep;
    const was = this.#status.kind;
    this.#status = next;
    if (was !== next.kind || JSON.stringify(before) !== JSON.stringify(this.mayNotSleep)) {
      for (const { activity } of this.#watchers.watchers) activity.poke();
      this.changed.emit();
    }
  }

  /** Signs off, so that the other replicas do not wait for this one. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#loop[Symbol.dispose]();
    this.#moves?.[Symbol.dispose]();
    await this.#redis.run(LEAVE, [this.id]).catch(() => undefined);
    await this.#redis[Symbol.asyncDispose]();
  }
}
