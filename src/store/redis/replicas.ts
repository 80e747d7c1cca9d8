import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { RedisStoreSettings } from "../../config/model/store.ts";
import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { Emitter, type Subscribable } from "../../lib/emitter.ts";
import type { Log } from "../../lib/log.ts";
import type { InstanceStatus } from "../../providers/provider.ts";
import type { Evidence } from "../../watchers/activity/evidence.ts";
import type { Coordination, MayNotSleep, ProposedStop, WakeClaim } from "../../watchers/coordination.ts";
import type { Moved } from "../../watchers/registry/watcher-set.ts";
import type { Watcher } from "../../watchers/watcher.ts";
import { Agreements } from "./agreements.ts";
import { Beat } from "./beat.ts";
import { Claims } from "./claims.ts";
import { Exchange, type Sharing } from "./exchange.ts";
import { RedisLink } from "./link.ts";
import { momentOf, Proposals } from "./proposals.ts";
import { statusOf, type ReplicasStatus } from "./replicas-status.ts";
import { KEY, LEAVE, TELL_PEOPLE } from "./scripts.ts";
import type { SharedStore } from "./shared-store.ts";
import { leaderOf, mayNotSleep, type Standing } from "./standing.ts";
import { surelyAsked, timingOf, type Moment, type Timing } from "./timing.ts";
import { skewText, Voice } from "./voice.ts";
import { parseMessage, type Skewed, type Synced } from "./wire.ts";

/** The watchers, as far as other Wakegates have a say. */
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
  /** Signs pages. Overwritten in place by the one that all share, and kept by `save`. */
  readonly key: { readonly bytes: Uint8Array; readonly save: (bytes: Uint8Array) => Promise<void> };
}

const NO_WATCHERS: Sharing = { watcher: () => undefined, watchers: [], ready: false };

/**
 * One Wakegate among several that share a Redis. Everything that requests ask is answered from memory; a
 * synchronisation tells what is new and hears what is new, at most once a second, and is the sign of life.
 */
export class Replicas implements Coordination, AsyncDisposable {
  readonly id = randomUUID().slice(0, 13);
  readonly name: string;
  /** Fires when the status changed: who is there, who leads, whether the store is away. */
  readonly changed = new Emitter<void>();
  readonly #options: ReplicasOptions;
  readonly #timing: Timing;
  readonly #link: RedisLink;
  readonly #claims: Claims;
  readonly #proposals: Proposals;
  readonly #agreements: Agreements;
  readonly #exchange: Exchange;
  readonly #beat: Beat;
  readonly #voice: Voice;
  #watchers = NO_WATCHERS;
  #standing: Standing;
  /** When the other replicas last heard from this one: none of them stops anything without its consent for a while. */
  #asked: Moment;
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
    this.#standing = { kind: "away", why: "not connected yet", since: clock.now() };
    this.#asked = momentOf(clock);
    this.#voice = new Voice(options.log);
    this.#beat = new Beat({
      clock,
      everyMs: () => (this.#exchange.isEmpty ? this.#timing.beatMs : this.#timing.coalesceMs),
      beat: () => this.#live(),
      onFailure: (error) => this.#voice.failed(error),
    });
    this.#link = new RedisLink({
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
    const parts = { id: this.id, link: this.#link, clock, timing: this.#timing };
    this.#exchange = new Exchange({ ...parts, name: this.name, store });
    this.#claims = new Claims(parts);
    this.#proposals = new Proposals({
      ...parts,
      leaderToken: () => this.#leaderToken(),
      onRefused: (name, why, detail) => this.#onRefused(name, why, detail),
    });
    this.#agreements = new Agreements({
      ...parts,
      store,
      watcher: (name) => this.#watchers.watcher(name),
      untold: (name) => this.#exchange.isUntold(name),
    });
    store.tell(
      (entries) => {
        this.#exchange.changed(entries);
        this.#beat.within(0);
      },
      (name) => this.#claims.isJoined(name),
    );
  }

  /** Begins to act for these watchers. */
  attach(watchers: SharedWatchers): void {
    this.#watchers = {
      watcher: (name) => watchers.watcher(name),
      get watchers() {
        return watchers.watchers;
      },
      ready: true,
    };
    this.#moves = watchers.moved.subscribe((moved) => this.#onMoved(moved));
    this.#beat.within(0);
  }

  get status(): ReplicasStatus {
    const self = { id: this.id, name: this.name };
    return statusOf(this.#standing, self, this.mayNotSleep);
  }

  get mayNotSleep(): MayNotSleep | undefined {
    if (this.#closed) return { kind: "nobody", why: "Wakegate is shutting down" };
    return mayNotSleep(this.#standing, this.id, momentOf(this.#options.clock), this.#timing);
  }

  isStale(name: string): boolean {
    return this.#outdatedIn(this.#confirmed.get(name) ?? this.#asked, 0);
  }

  #outdatedIn(asOf: Moment, ms: number): boolean {
    const { wall, mono } = momentOf(this.#options.clock);
    return !surelyAsked(asOf, { wall: wall + ms, mono: mono + ms }, this.#timing);
  }

  /** Early enough that no request has to wait for the engine's answer. */
  #soonOutdated(asOf: Moment): boolean {
    return this.#outdatedIn(asOf, 2 * this.#timing.beatMs);
  }

  usedElsewhere(name: string): readonly Evidence[] {
    return this.#exchange.usedElsewhere(name);
  }

  used(name: string): void {
    if (this.#exchange.used(name)) this.#beat.within(this.#timing.coalesceMs);
  }

  wanted(name: string): void {
    this.#agreements.wanted(name);
  }

  asked(target: string, how: "quiet" | "force"): void {
    if (!this.#relaying && this.mayNotSleep)
      void this.#link.publish({ k: "sleep", target, how, by: this.id });
  }

  agree(stop: ProposedStop, signal: AbortSignal): Promise<boolean> {
    return this.#proposals.agree(stop, signal);
  }

  commit(name: string): Promise<boolean> {
    return this.#proposals.commit(name);
  }

  slept(name: string): void {
    this.#proposals.end(name);
  }

  claimWake(name: string, status: InstanceStatus, signal: AbortSignal): Promise<WakeClaim | undefined> {
    return this.#claims.claim(name, status, signal);
  }

  async mayTell(key: string, withinMs: number): Promise<boolean> {
    if (!this.#link.up) return true;
    const answer = await this.#link.run(TELL_PEOPLE, [this.id, key, String(withinMs)]).catch(() => undefined);
    // Better told twice than not at all.
    return answer !== 0;
  }

  /** Resolves when what is shared was read for the first time, or after `ms`. Never rejects. */
  whenSynced(ms: number): Promise<void> {
    if (this.#standing.kind !== "away") return Promise.resolve();
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

  /** A page that one Wakegate made is served on by another: all sign with the key that came first. */
  async #shareKey(): Promise<void> {
    const { bytes, save } = this.#options.key;
    const answer = await this.#link.run(KEY, [Buffer.from(bytes).toString("base64")]);
    const shared = Buffer.from(String(answer), "base64");
    if (shared.length !== bytes.length || shared.equals(bytes)) return;
    bytes.set(shared);
    await save(shared).catch((error: unknown) => {
      const message = `The key that all Wakegates share cannot be kept: ${messageOf(error)}`;
      this.#options.log.warn("state_unwritable", message, { err: error });
    });
  }

  #leaderToken(): string | undefined {
    if (this.#standing.kind !== "synced" || this.mayNotSleep) return undefined;
    return leaderOf(this.#standing.reply)?.token;
  }

  #onUp(): void {
    this.#beat.within(0);
  }

  #onDown(why: string): void {
    const { clock } = this.#options;
    const since = this.#standing.kind === "away" ? this.#standing.since : clock.now();
    this.#stand({ kind: "away", why, since });
    if (!this.#closed) this.#voice.away(why);
  }

  #onRefused(target: string, why: string, detail: string | undefined): void {
    const { log, clock } = this.#options;
    const who = detail === undefined || detail === "" ? "" : ` (${detail})`;
    log.info("sleep_not_agreed", `${target} is not put to sleep now: ${why}${who}`, { target, why, detail });
    if (why === "used") {
      this.#watchers.watcher(target)?.activity.usedElsewhere(clock.monotonic() - Number(detail));
    }
    this.#beat.within(0);
  }

  #onMessage(text: string): void {
    const message = parseMessage(text);
    if (!message || this.#closed) return;
    const others = message.by !== this.id;
    switch (message.k) {
      case "ask":
        if (others && this.#standing.kind !== "skewed")
          void this.#agreements.asked(message.target, message.stop, message.ask);
        return;
      case "answer":
        return this.#proposals.answered(message.target, message.stop, message.by, message.yes);
      case "committed":
        return;
      case "over":
        this.#proposals.over(message.target, message.stop);
        if (others) void this.#agreements.over(message.target, message.stop);
        return this.#claims.news(message.target);
      case "woke":
        return this.#claims.news(message.target);
      case "left":
      case "changed":
        if (others) this.#beat.within(0);
        return;
      case "sleep":
        if (others) this.#relay(message.target, (watcher) => watcher.sleep(message.how));
        return;
      case "wake":
        if (!others) return;
        this.#claims.join(message.target);
        this.#relay(message.target, (watcher) => watcher.wake({ by: message.cause }));
    }
  }

  /** All wake together: a page that one of them made is followed through any, and all are ready at once. */
  #onMoved({ watcher, before, after }: Moved): void {
    // A wake of its own proves the target again.
    if (after.kind !== "ready") this.#confirmed.delete(watcher.name);
    if (this.#relaying || after.kind !== "waking" || before.kind === "waking") return;
    const { cause } = after.wake;
    if (cause.by === "outside") return;
    void this.#link.publish({ k: "wake", target: watcher.name, cause: cause.by, by: this.id });
  }

  /** Does here what somebody asked of another Wakegate, without telling it on. */
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

  /** One beat: a synchronisation, or, without Redis, a look whether what is ready still is, in time. */
  async #live(): Promise<void> {
    const sent = momentOf(this.#options.clock);
    if (!this.#link.up) {
      if (this.#soonOutdated(this.#asked)) this.#distrustReady(sent);
      this.#confirmOutdated();
      return;
    }
    const underWay = { wakes: this.#claims.held, stops: this.#proposals.committed };
    const reply = await this.#exchange.run(this.#watchers, underWay);
    if (reply?.kind === "schema") this.#onSkew(reply);
    else if (reply) await this.#take(reply, sent);
  }

  async #take(reply: Synced, sent: Moment): Promise<void> {
    const { isNew, wasKnown, changed, isMore } = this.#exchange.take(reply, this.#watchers);
    if (isNew) await this.#shareKey();
    // Redis lost everything: no word will come that a stop is over, so each keeps to its own time.
    if (isNew && wasKnown) this.#agreements.lost();
    if (isMore) this.#beat.again();
    this.#stand({ kind: "synced", sent, reply });
    for (const name of changed) this.#watchers.watcher(name)?.activity.poke();
    this.#agreements.standing(reply.stops, sent.mono);
    if (this.#voice.present(reply)) this.changed.emit();
    if (this.#outdatedIn(this.#asked, 0)) this.#distrustReady(sent);
    this.#asked = sent;
    for (const [name, asOf] of this.#confirmed) if (!this.#outdatedIn(asOf, 0)) this.#confirmed.delete(name);
    this.#confirmOutdated();
  }

  #onSkew(skewed: Skewed): void {
    const why = skewText(skewed, this.#timing, this.#options.settings.cluster);
    this.#stand({ kind: "skewed", why });
    this.#voice.skewed(why);
  }

  /**
   * Another replica may have stopped whatever was ready at the last contact, so each such target has to be confirmed by
   * its engine. What is woken from now on is known.
   */
  #distrustReady(now: Moment): void {
    for (const { name, state } of this.#watchers.watchers)
      if (state.kind === "ready" && !this.#confirmed.has(name)) this.#confirmed.set(name, this.#asked);
    this.#asked = now;
  }

  /** Asks the engine about each target whose last confirmation is too old. Tried again with the next beat. */
  #confirmOutdated(): void {
    for (const [name, asOf] of this.#confirmed) {
      const watcher = this.#watchers.watcher(name);
      if (watcher?.state.kind !== "ready") this.#confirmed.delete(name);
      else if (this.#soonOutdated(asOf)) void this.#confirm(watcher);
    }
  }

  /** Never rejects. The engine of one target may be silent: others do not wait for it, nor does the next beat. */
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

  #stand(next: Standing): void {
    const before = this.mayNotSleep;
    const was = this.#standing.kind;
    this.#standing = next;
    if (was !== next.kind || JSON.stringify(before) !== JSON.stringify(this.mayNotSleep)) {
      for (const { activity } of this.#watchers.watchers) activity.poke();
      this.changed.emit();
    }
  }

  /** Leaves in good order: the others need not wait for anything. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#beat[Symbol.dispose]();
    this.#moves?.[Symbol.dispose]();
    await this.#link.run(LEAVE, [this.id]).catch(() => undefined);
    await this.#link[Symbol.asyncDispose]();
  }
}
