import type { DependencyCondition, TargetSpec } from "../config/model.ts";
import { WakegateError } from "../errors.ts";
import { Emitter } from "../lib/emitter.ts";
import { isolated } from "../lib/isolate.ts";
import { deadline } from "../lib/signals.ts";
import { untilTrue } from "../lib/until-true.ts";
import type { Instance, InstanceSummary } from "../providers/provider.ts";
import { Activity } from "./activity/activity.ts";
import { Asked } from "./asked.ts";
import type { Audience } from "./audience.ts";
import { Elsewhere } from "./elsewhere.ts";
import type { RoomNews } from "./pools/room.ts";
import { beginsWake } from "./announce.ts";
import { initialProgress, type Dependency, type DependencyReport } from "./dependencies.ts";
import type { FailureFacts } from "./failure.ts";
import { gateOf } from "./gate.ts";
import type { Gate, TargetHandle, Use, WakeCause } from "./handle.ts";
import type { Learned } from "./history.ts";
import { learnedOf } from "./learned-of.ts";
import { jobOf, taskOf } from "./jobs/job-of.ts";
import { Narrator } from "./narrator.ts";
import { progressOf } from "./progress-of.ts";
import type { DependencyProgress, Failure, Progress } from "./progress.ts";
import { JobRunner } from "./job-runner.ts";
import { Failures } from "./failures.ts";
import { contextOf } from "./context-of.ts";
import { Orders } from "./orders.ts";
import { isPortGuessed, portOf, probeAddresses, type ProbeAddress } from "./readiness/address.ts";
import { silentPortText, type SilentPort } from "./readiness/silent-port.ts";
import { Recorder } from "./recorder.ts";
import { tierOf } from "./tier-of.ts";
import { Followers } from "./followers.ts";
import { Inbox } from "./inbox.ts";
import { Insight } from "./insight.ts";
import type { ProbeResult } from "../lib/probe-result.ts";
import { seenInput } from "./seen-input.ts";
import type { State, Wake } from "./state.ts";
import type { WakeEvent } from "./wake-events.ts";
import { meets } from "./conditions.ts";
import type { Input } from "./input.ts";
import { transition } from "./transition.ts";
import type { Surroundings, Workbench } from "./workbench.ts";

/** A started engine call gets this long to be over when Wakegate shuts down; it is not cancelled before. */
const CALL_LIMIT_MS = 15 * 60_000;

/**
 * The one owner of a target's state. Inputs are taken one after the other; the pure transition says what
 * comes next; the work of a state runs beside it and is dropped when the state moves on.
 */
export class Watcher implements TargetHandle, Dependency, Workbench, AsyncDisposable {
  readonly around: Surroundings;
  readonly activity: Activity;
  readonly followers = new Followers();
  readonly changed = new Emitter<void>();
  readonly #audience: Audience;
  #spec: TargetSpec;
  #state: State;
  #gate: Gate;
  readonly #inbox = new Inbox<Input>();
  #closed: Error | undefined;
  readonly #failures = new Failures();
  #dependencies: readonly DependencyProgress[] | undefined;
  #lastWake: { wake: Wake; ended: number } | undefined;
  readonly #narrator = new Narrator(this);
  readonly #recorder = new Recorder(this);
  readonly #jobs = new JobRunner(this);
  /** What people and the schedule order. */
  readonly orders: Orders;
  readonly asked = new Asked(this);
  #room: RoomNews | undefined;
  #waitsFor: string | undefined;
  #silentPort: SilentPort | undefined;
  lookAgainAt = Number.NEGATIVE_INFINITY;
  sleepNotBefore = Number.NEGATIVE_INFINITY;
  #insight: Insight | undefined;

  constructor(spec: TargetSpec, around: Surroundings, audience: Audience) {
    this.#spec = spec;
    this.around = around;
    this.#audience = audience;
    this.activity = new Activity(this);
    const message = `engine ${around.provider.engine} has not been listed yet`;
    this.#state = { kind: "missing", why: "unlisted", message, since: around.clock.now() };
    this.#gate = gateOf(this.#state, spec.page.logs);
    this.orders = new Orders(this);
  }

  get name(): string {
    return this.#spec.name;
  }

  get displayName(): string {
    return this.#spec.displayName;
  }

  get spec(): TargetSpec {
    return this.#spec;
  }

  get state(): State {
    return this.#state;
  }

  get gate(): Gate {
    return this.#gate.kind === "ready" && this.around.coordination.isStale(this.name) ? STALE : this.#gate;
  }

  get insight(): Insight {
    return (this.#insight ??= new Insight(this));
  }

  get elsewhere(): Elsewhere {
    return new Elsewhere(this);
  }

  /** How long its last own stop took, ms; undefined: none since the start. */
  get stopMs(): number | undefined {
    return this.#recorder.stopMs;
  }

  get events(): TargetHandle["events"] {
    return this.#narrator.stream;
  }

  /** Takes a changed configuration. The state stays; a changed idle time counts from the last use. */
  reconfigure(spec: TargetSpec): void {
    this.#spec = spec;
    this.orders.review();
  }

  history(): ReturnType<TargetHandle["history"]> {
    return this.#narrator.history();
  }

  progress(): Progress {
    const { clock } = this.around;
    const mayNotWake = this.orders.mayNotWake();
    return progressOf({
      spec: this.#spec,
      state: this.#state,
      learned: this.learned(tierOf(this.#state)),
      dependencies: this.#dependencies ?? this.around.edges().map(initialProgress),
      ...(this.#lastWake && { lastWake: this.#lastWake }),
      ...(this.room && { room: this.room }),
      ...(this.waitsFor !== undefined && { waitsFor: this.waitsFor }),
      ...(this.silentPort && { silentPort: this.silentPort }),
      ...(this.stopMs !== undefined && { stopMs: this.stopMs }),
      ...(mayNotWake && { mayNotWake }),
      now: clock.now(),
      mono: clock.monotonic(),
    });
  }

  learned(from?: Wake["from"]): Learned {
    return learnedOf(this.#state, this.around.store.target(this.name)?.wakes, from);
  }

  touch(use: Use): void {
    this.activity.use(use);
    this.#recorder.used();
    this.#insight?.touched();
  }

  passed(): void {
    this.activity.pass();
  }

  /** For its activity. */
  noted(): void {
    this.around.coordination.used(this.name);
  }

  /** For its activity. */
  stirred(): void {
    this.#audience.stirred(this);
  }

  /** For its narrator. */
  told(event: WakeEvent): void {
    this.#audience.told(this, event);
  }

  lease(what: string): Disposable {
    const lease = this.activity.lease(what);
    this.around.coordination.wanted(this.name);
    this.#recorder.used();
    return lease;
  }

  follow(): Disposable {
    return this.followers.add();
  }

  async addresses(port: number | undefined, signal: AbortSignal): Promise<readonly ProbeAddress[]> {
    const instance = await this.around.locate(signal);
    if (!instance) return [];
    const proven = isPortGuessed(this.#spec, instance)
      ? this.around.store.target(this.name)?.provenPort
      : undefined;
    return probeAddresses(
      this.#spec,
      instance,
      this.around.networkOwner(instance),
      this.around.vantage,
      port ?? (proven === undefined ? undefined : portOf(this.#spec, instance, proven)),
    );
  }

  wake(cause: WakeCause): void {
    if (!this.#mayWake(cause)) return;
    this.around.coordination.wanted(this.name);
    this.dispatch({ type: "wake", cause });
  }

  retry(cause: WakeCause): void {
    if (!this.#mayWake(cause)) return;
    this.#failures.reset();
    this.dispatch({ type: "retry", cause });
  }

  /** An operator may always, and thereby ends a hold-down. */
  #mayWake({ by }: WakeCause): boolean {
    if (by === "operator") {
      if (this.orders.held) this.orders.release();
      this.asked.cancel();
    }
    return this.orders.mayNotWake(by) === undefined;
  }

  /** A person wants it asleep now: as soon as nothing uses it, or `force`d whatever uses it. Wakes as always later. */
  sleep(how: "quiet" | "force" = "quiet"): void {
    this.asked.sleep(how);
  }

  /** The wall clock was set by `ms`: moments that came from it move along or are looked at anew. */
  clockSet(ms: number): void {
    this.dispatch({ type: "clock-set", ms });
    this.orders.review();
  }

  /** For its orders. */
  ordered(): void {
    this.#gate = gateOf(this.#state, this.#spec.page.logs, this.orders.mayNotWake());
    this.activity.poke();
    this.followers.changed.emit();
    this.changed.emit();
  }

  meets(condition: DependencyCondition): boolean {
    return this.#meets(condition) === true;
  }

  #meets(condition: DependencyCondition): ReturnType<typeof meets> {
    const hold = this.orders.mayNotWake("dependant");
    return meets(this.#state, condition, hold?.kind === "hold" ? hold.reason : undefined);
  }

  async ensure(condition: DependencyCondition, cause: WakeCause, signal: AbortSignal): Promise<void> {
    if (this.meets(condition)) return;
    this.wake(cause);
    const ask = (): boolean | Error => {
      const met = this.#closed ?? this.#meets(condition);
      // Asleep again before it was of use: somebody paused it, or its container was created anew.
      if (met === false && this.#state.kind === "napping") this.wake(cause);
      return met;
    };
    await untilTrue(this.changed, ask, signal);
  }

  /** What the engine said of the target, or of the listing that it is in; undefined: it is not there. */
  see(seen: Instance | InstanceSummary | undefined): void {
    this.dispatch(seenInput(seen, this.around.store.target(this.name)));
  }

  /** Takes one input. Inputs that come while another is taken wait for their turn. */
  dispatch(input: Input): void {
    if (!this.#closed) this.#inbox.put(input, (next) => this.#take(next));
  }

  #take(input: Input): void {
    const before = this.#state;
    const after = transition(before, input, contextOf(this.#spec, before, this.around));
    if (after === before) return;
    this.#state = after;
    this.#gate = gateOf(after, this.#spec.page.logs, this.orders.mayNotWake());
    this.asked.moved(before, after);
    if (beginsWake(before, after)) this.#dependencies = this.#room = undefined;
    if (taskOf(before) !== taskOf(after)) this.#waitsFor = this.#silentPort = undefined;
    if (after.kind === "ready" && before.kind === "starting") {
      this.#failures.reset();
      this.#lastWake = { wake: before.wake, ended: this.around.clock.monotonic() };
    }
    // Persist, publish, start the work. Publishing is isolated, so that no observer can prevent the start.
    this.#recorder.moved(before, after);
    isolated(() => this.#narrator.moved(before, after));
    if (taskOf(before) !== taskOf(after)) this.#jobs.start(jobOf(this, after), `${this.name} moved on`);
    this.changed.emit();
    isolated(() => this.#audience.stepped(this, before, after));
    if (before.kind === "missing" && after.kind === "napping" && this.orders.schedule.wakes)
      this.wake({ by: "schedule" });
  }

  exclusive<T>(call: (signal: AbortSignal, waited: boolean) => Promise<T>): Promise<T> {
    return this.around.lanes.run(this.name, async (waited) => {
      using limit = deadline(this.around.clock, CALL_LIMIT_MS, `engine call for ${this.name}`);
      return await call(limit.signal, waited);
    });
  }

  stopCalled(): void {
    this.dispatch({ type: "stop-called" });
  }

  failure(facts: FailureFacts): { readonly failure: Failure; readonly coolDownMs: number } {
    return this.#failures.add(facts, this.around.clock.now());
  }

  onDependency(report: DependencyReport): void {
    this.#dependencies = report.progress;
    this.#narrator.dependency(report, this.#state);
  }

  onRoom(news: RoomNews): void {
    this.#room = news;
    this.#narrator.room(news, this.#state);
    this.changed.emit();
  }

  /** How it stands, while it waits for room in its pools. */
  get room(): RoomNews | undefined {
    return this.#state.kind === "waking" && this.#state.step === "room" ? this.#room : undefined;
  }

  /** What keeps the engine from starting it now and passes by itself, such as a backup's lock. */
  get waitsFor(): string | undefined {
    return this.#state.kind === "waking" ? this.#waitsFor : undefined;
  }

  onWaiting(why: string | undefined): void {
    if (this.#state.kind !== "waking" || why === this.#waitsFor) return;
    this.#waitsFor = why;
    this.changed.emit();
    if (why === undefined) return;
    this.#narrator.delayed(why, this.#state);
    this.around.log.info("wake_waits", `${this.name} has to wait: ${why}`, { target: this.name });
  }

  onTry(tries: number, result: ProbeResult): void {
    this.#narrator.waiting(tries, result, this.#state);
  }

  onSilentPort(silent: SilentPort): void {
    this.#silentPort = silent;
    this.around.log.warn("port_silent", silentPortText(this.name, silent), { target: this.name });
    this.#narrator.silentPort(silent, this.#state);
    this.changed.emit();
  }

  /** That nothing listens where it is asked, while that keeps it from being ready. */
  get silentPort(): SilentPort | undefined {
    return this.#state.kind === "starting" ? this.#silentPort : undefined;
  }

  /** Ends the work, answers everybody who waits, and waits for an engine call under way. Touches no app. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(new WakegateError("shutting_down", `Wakegate is shutting down`));
  }

  /** Like disposal, with the reason that those who wait are told. */
  async close(reason: Error): Promise<void> {
    if (this.#closed) return;
    this.#closed = reason;
    this.#jobs.stop(reason);
    this.orders[Symbol.dispose]();
    this.#recorder.close();
    this.#gate = { kind: "missing", why: "gone", message: reason.message };
    this.changed.emit();
    await this.around.lanes.idle(this.name);
  }
}

/** Whether it is still ready is being found out. */
const STALE: Gate = { kind: "coming", state: "starting" };
