import type { DependencyCondition, TargetSpec } from "../config/model.ts";
import { WakegateError } from "../errors.ts";
import { backoffMs } from "../lib/backoff.ts";
import { Emitter } from "../lib/emitter.ts";
import { deadline } from "../lib/signals.ts";
import type { Instance, InstanceSummary } from "../providers/provider.ts";
import { Activity } from "./activity/activity.ts";
import { announce, beginsWake } from "./announce.ts";
import { initialProgress, type Dependency, type DependencyReport } from "./dependencies.ts";
import { EventLog } from "./event-log.ts";
import type { FailureFacts } from "./failure.ts";
import { gateOf } from "./gate.ts";
import type { Gate, TargetHandle, Use, WakeCause } from "./handle.ts";
import { learn, type Learned } from "./history.ts";
import { jobOf, taskOf } from "./jobs/job-of.ts";
import { Lane } from "./lane.ts";
import { progressOf } from "./progress-of.ts";
import type { DependencyProgress, Failure, Progress } from "./progress.ts";
import { Recorder } from "./recorder.ts";
import type { ProbeResult } from "./readiness/http-probe.ts";
import { needsDependencies, sightingOf, wakeBegan, type State, type Wake } from "./state.ts";
import { meets } from "./conditions.ts";
import { transition, type Input } from "./transition.ts";
import type { Surroundings, Workbench } from "./workbench.ts";

/** Failures in a row after which nothing is retried by itself any more. */
const CIRCUIT_OPENS_AT = 5;
const COOL_DOWN = { firstMs: 1_000, maxMs: 60_000 };
/** A started engine call gets this long to be over when Wakegate shuts down; it is not cancelled before. */
const CALL_LIMIT_MS = 15 * 60_000;
/** How often at most "still waiting" is said. */
const TELL_EVERY_MS = 1_000;

/**
 * The one owner of a target's state. Inputs are taken one after the other; the pure transition says what
 * comes next; the work of a state runs beside it and is dropped when the state moves on.
 */
export class Watcher implements TargetHandle, Dependency, Workbench, AsyncDisposable {
  readonly around: Surroundings;
  readonly activity: Activity;
  readonly followers = { count: 0, changed: new Emitter<void>() };
  readonly changed = new Emitter<void>();
  /** Before and after, for those who count and record. */
  readonly moved = new Emitter<{ readonly before: State; readonly after: State }>();
  #spec: TargetSpec;
  #state: State;
  #gate: Gate;
  #work: AbortController | undefined;
  #queue: Input[] = [];
  #draining = false;
  #closed: Error | undefined;
  #failures = 0;
  #dependencies: readonly DependencyProgress[] | undefined;
  #lastWake: { wake: Wake; ended: number } | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  readonly #log: EventLog;
  readonly #lane: Lane;
  readonly #recorder: Recorder;

  constructor(spec: TargetSpec, around: Surroundings) {
    this.#spec = spec;
    this.around = around;
    this.activity = new Activity(around.clock);
    this.#state = { kind: "missing", why: "unlisted", message: unlisted(around), since: around.clock.now() };
    this.#gate = gateOf(this.#state);
    this.#log = new EventLog(spec.name);
    this.#lane = new Lane();
    this.#recorder = new Recorder(around, this.activity, () => this.#spec);
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
    return this.#gate;
  }

  get events(): EventLog["stream"] {
    return this.#log.stream;
  }

  /** Takes a changed configuration. The state stays; a changed idle time counts from the last use. */
  reconfigure(spec: TargetSpec): void {
    this.#spec = spec;
    this.activity.poke();
    this.changed.emit();
  }

  history(): ReturnType<TargetHandle["history"]> {
    return this.#log.history();
  }

  progress(): Progress {
    const { clock } = this.around;
    return progressOf({
      spec: this.#spec,
      state: this.#state,
      learned: this.learned(tierOf(this.#state)),
      dependencies: this.#dependencies ?? this.around.edges().map(initialProgress),
      ...(this.#lastWake && { lastWake: this.#lastWake }),
      ...(this.#recorder.stopMs !== undefined && { stopMs: this.#recorder.stopMs }),
      now: clock.now(),
      mono: clock.monotonic(),
    });
  }

  learned(from: Wake["from"] = tierOf(this.#state)): Learned {
    return learn(this.around.store.target(this.name)?.wakes ?? [], from);
  }

  touch(use: Use): void {
    this.activity.use(use);
    this.#recorder.used();
  }

  lease(what: string): Disposable {
    const lease = this.activity.lease(what);
    this.#recorder.used();
    return lease;
  }

  follow(): Disposable {
    this.followers.count++;
    this.followers.changed.emit();
    let done = false;
    return {
      [Symbol.dispose]: () => {
        if (done) return;
        done = true;
        this.followers.count--;
      },
    };
  }

  wake(cause: WakeCause): void {
    this.dispatch({ type: "wake", cause });
  }

  retry(cause: WakeCause): void {
    this.#failures = 0;
    this.dispatch({ type: "retry", cause });
  }

  meets(condition: DependencyCondition): boolean {
    return meets(this.#state, condition) === true;
  }

  async ensure(condition: DependencyCondition, cause: WakeCause, signal: AbortSignal): Promise<void> {
    if (this.meets(condition)) return;
    this.wake(cause);
    await new Promise<void>((resolve, reject) => {
      const judge = (): void => {
        const verdict = this.#closed ?? meets(this.#state, condition);
        if (verdict === false) return;
        subscription[Symbol.dispose]();
        signal.removeEventListener("abort", judge);
        if (signal.aborted) reject(signal.reason as Error);
        else if (verdict === true) resolve();
        else reject(verdict);
      };
      const onAbort = (): void => {
        subscription[Symbol.dispose]();
        reject(signal.reason as Error);
      };
      const subscription = this.changed.subscribe(judge);
      signal.addEventListener("abort", onAbort, { once: true });
      judge();
    });
  }

  /** What the engine said of the target, or of the listing that it is in; undefined: it is not there. */
  see(seen: Instance | InstanceSummary | undefined): void {
    const intent = this.around.store.target(this.name)?.stopIntent;
    const ours = intent !== undefined && seen !== undefined && "runId" in seen && seen.runId === intent.run;
    this.dispatch({
      type: "seen",
      sighting: seen && sightingOf(seen),
      ...(ours && { stopIntentUntil: intent.until }),
    });
  }

  /** Takes one input. Inputs that come while another is taken wait for their turn. */
  dispatch(input: Input): void {
    if (this.#closed) return;
    this.#queue.push(input);
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#take(next);
    } finally {
      this.#draining = false;
    }
  }

  #take(input: Input): void {
    const { clock } = this.around;
    const before = this.#state;
    const after = transition(before, input, {
      now: clock.now(),
      mono: clock.monotonic(),
      hasDependencies: this.around.edges().length > 0,
      onManualStop: this.#spec.onManualStop,
      foreignStopGraceMs: this.#spec.foreignStopGraceMs,
      oneShot: this.around.oneShot,
    });
    if (after === before) return;
    this.#state = after;
    this.#gate = gateOf(after);
    if (beginsWake(before, after)) {
      this.#log.clear();
      this.#dependencies = undefined;
    }
    if (after.kind === "ready" && before.kind === "starting") {
      this.#failures = 0;
      this.#lastWake = { wake: before.wake, ended: clock.monotonic() };
    }
    this.#recorder.moved(before, after);
    for (const announcement of announce(before, after, this.displayName)) this.#say(announcement);
    if (taskOf(before) !== taskOf(after)) this.#startWork(after);
    this.changed.emit();
    if (before.kind !== after.kind || needsDependencies(before) !== needsDependencies(after)) {
      this.moved.emit({ before, after });
    }
  }

  #startWork(state: State): void {
    this.#work?.abort(new Error(`${this.name} moved on`));
    this.#work = undefined;
    const job = jobOf(this, state);
    if (!job) return;
    const work = new AbortController();
    this.#work = work;
    const dispatch = (input: Input): void => {
      if (this.#work === work) this.dispatch(input);
    };
    job(work.signal).then(dispatch, (error: unknown) => {
      if (work.signal.aborted) return;
      this.around.log.error("watcher_job_failed", `${this.name}: ${String(error)}`, {
        target: this.name,
        err: error,
      });
      const again = this.around.clock.after(1_000, () => this.#work === work && this.#startWork(this.#state));
      work.signal.addEventListener("abort", () => again[Symbol.dispose](), { once: true });
    });
  }

  exclusive<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#lane.run(async () => {
      using limit = deadline(this.around.clock, CALL_LIMIT_MS, `engine call for ${this.name}`);
      return await call(limit.signal);
    });
  }

  failure(facts: FailureFacts): { readonly failure: Failure; readonly coolDownMs: number } {
    const tries = ++this.#failures;
    const coolDownMs = backoffMs(tries - 1, COOL_DOWN);
    const at = this.around.clock.now();
    const final = tries >= CIRCUIT_OPENS_AT;
    return {
      coolDownMs,
      failure: { ...facts, at, tries, nextTryAt: at + coolDownMs, ...(final && { final }) },
    };
  }

  onDependency({ type, dependency, progress }: DependencyReport): void {
    this.#dependencies = progress;
    const said = {
      waking: { type: "waking_dep", message: `Waking ${dependency}` },
      started: { type: "dep_started", message: `${dependency} runs` },
      ready: { type: "dep_ready", message: `${dependency} is ready` },
      failed: {
        type: "error",
        message: `${dependency} could not wake up`,
        error: `${dependency} could not wake up`,
      },
    } as const;
    // A dependency that fails ends the wake, and that is said then with the reason.
    if (type !== "failed") this.#say({ ...said[type], dependency });
  }

  onWaiting(why: string): void {
    this.#say({ type: "starting", message: `${this.displayName} has to wait: ${why}` });
    this.around.log.info("wake_waits", `${this.name} has to wait: ${why}`, { target: this.name });
  }

  onTry(tries: number, result: ProbeResult): void {
    const now = this.around.clock.monotonic();
    if (now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    const last = result.kind === "answer" ? `answered ${String(result.status)}` : result.error;
    this.#say({
      type: "waiting_ready",
      message: `No good answer of ${this.displayName} yet: ${last}`,
      tries,
    });
  }

  #say(
    event: Pick<Parameters<EventLog["emit"]>[0], "type" | "message" | "error" | "dependency" | "tries">,
  ): void {
    const { clock } = this.around;
    const wake = "wake" in this.#state ? this.#state.wake : undefined;
    const usually = wake && this.learned(wake.from).usuallyMs;
    this.#log.emit({
      ...event,
      timestamp: clock.now(),
      ...(wake && { elapsedMs: Math.round(clock.monotonic() - wakeBegan(wake)) }),
      ...(usually !== undefined && { etaMs: Math.round(usually) }),
    });
  }

  /** Ends the work, answers everybody who waits, and waits for an engine call under way. Touches no app. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(new WakegateError("shutting_down", `Wakegate is shutting down`));
  }

  /** Like disposal, with the reason that those who wait are told. */
  async close(reason: Error): Promise<void> {
    if (this.#closed) return;
    this.#closed = reason;
    this.#work?.abort(reason);
    this.#recorder.close();
    this.#gate = { kind: "missing", message: reason.message };
    this.changed.emit();
    await this.#lane.idle();
  }
}

/** The kind of wake that estimates should speak of. */
function tierOf(state: State): Wake["from"] {
  if (state.kind === "waking" || state.kind === "starting" || state.kind === "error") return state.wake.from;
  if (state.kind === "stopping")
    return state.whose === "ours" && state.method === "pause" ? "paused" : "stopped";
  return state.kind === "napping" && state.how === "paused" ? "paused" : "stopped";
}

function unlisted({ provider }: Surroundings): string {
  return `engine ${provider.engine} has not been listed yet`;
}
