import type { WakeRecord } from "../store/store.ts";
import type { Activity } from "./activity/activity.ts";
import { beginAwake, endAwake } from "./awake-spans.ts";
import { leavesSignal } from "./going-down.ts";
import { firstTier } from "./tiers.ts";
import { wakeBegan, type State, type Wake } from "./state.ts";
import type { Surroundings, Workbench } from "./workbench.ts";

const KEPT_WAKES = 50;
/** After a restart nothing sleeps earlier than this: what was used while we were away is not known. */
const AFTER_RESTART_MS = 60_000;

/** Whose life it is: the watcher. */
type Recorded = Pick<Workbench, "spec" | "around" | "activity" | "lookAgainAt">;

/** Writes down what should outlive the process: activity, wakes, since when it sleeps. */
export class Recorder {
  readonly #subject: Recorded;
  /** A use waits to be written down. */
  #used = false;
  #known = false;
  /** How long the last own stop took, ms. */
  stopMs: number | undefined;

  constructor(subject: Recorded) {
    this.#subject = subject;
  }

  get #name(): string {
    return this.#subject.spec.name;
  }

  get #around(): Surroundings {
    return this.#subject.around;
  }

  get #activity(): Activity {
    return this.#subject.activity;
  }

  /** Something was used: written down soon. */
  used(): void {
    if (this.#used) return;
    this.#used = true;
    this.#around.usesWritten.add(() => this.#writeActivity());
  }

  moved(before: State, after: State): void {
    const { clock, store } = this.#around;
    if (before.kind === "starting" && after.kind === "ready") {
      if (before.wake.cause.by !== "outside") this.#record(before.wake, "ready", clock.monotonic());
      if (before.wake.cause.by === "outside" && this.#cameBack(after.seen.run)) this.#putBack(after.seen.run);
      else if (before.wake.cause.by === "outside" && !this.#known) this.#resume();
      else this.#activity.evidence();
      const record = store.target(this.#name);
      const since = this.#known ? after.since : (record?.awakeSince ?? after.since);
      this.#known = true;
      if (record?.startIntent && record.startIntent.run !== after.seen.run)
        store.update(this.#name, { startedRun: after.seen.run, startIntent: undefined });
      // A stop call of this run whose answer never came may still be carried out.
      const { stopIntent } = record ?? {};
      const mayDie =
        stopIntent !== undefined && stopIntent.run === after.seen.run && stopIntent.until > clock.now();
      store.update(this.#name, {
        ...(!mayDie && { stopIntent: undefined }),
        asleepSince: undefined,
        napped: undefined,
        ...beginAwake(record, after.since, since),
      });
    }
    if (
      after.kind === "napping" ||
      after.kind === "error" ||
      (after.kind === "missing" && after.why === "gone")
    )
      store.update(this.#name, endAwake(store.target(this.#name), clock.now()));
    if (after.kind === "error" && before.kind !== "error")
      this.#record(after.wake, "failed", after.ended, after.failure.message);
    if (after.kind === "napping" && before.kind !== "napping") {
      this.#known = true;
      // Found asleep after a restart: it has slept since before.
      const { asleepSince, stopIntent } = store.target(this.#name) ?? {};
      const known = before.kind === "missing" ? asleepSince : undefined;
      // What is paused may have a stop signal waiting for it.
      const isOver = after.how !== "paused" || !stopIntent || !leavesSignal(stopIntent);
      store.update(this.#name, {
        asleepSince: known ?? after.since,
        ...(isOver && { stopIntent: undefined }),
      });
      if (before.kind === "stopping" && before.whose === "ours") {
        this.stopMs = clock.monotonic() - before.began;
        store.update(this.#name, { napped: { run: before.seen.run, at: after.since } });
      }
    }
  }

  close(): void {
    this.#writeActivity();
  }

  /** A run that nobody asked for: its restart policy started it, although we had put the last one to sleep. */
  #cameBack(run: string): boolean {
    const napped = this.#around.store.target(this.#name)?.napped;
    return napped !== undefined && napped.run !== run && this.#around.cameBack();
  }

  /** Back to sleep, unless somebody uses it before its turn. */
  #putBack(run: string): void {
    const { clock, store, log } = this.#around;
    const slot = this.#around.comebackSlotMs();
    const idle = firstTier(this.#subject.spec).afterMs ?? 0;
    const inMs = this.#around.dependencyOnly ? slot : Math.min(idle, slot);
    this.#activity.resumeAt(clock.monotonic() - idle + inMs);
    // A dependency has no idle time to count; and it is ours to stop only in a run that we answer for.
    this.#subject.lookAgainAt = clock.monotonic() + inMs;
    store.update(this.#name, { startedRun: run });
    const message = `${this.#name} was asleep, and was started while Wakegate did not watch, by its engine's restart or by somebody: it is put back to sleep unless it is used`;
    log.info("put_back", message, { target: this.#name, inMs });
  }

  /**
   * It ran when we came: its idle time goes on from the use that is known from before, but what happened
   * while nobody looked is not known, so it gets some time in any case.
   */
  #resume(): void {
    const { clock, store } = this.#around;
    const last = store.target(this.#name)?.lastActivity;
    if (last === undefined) return this.#activity.evidence();
    const { sessionSince } = store.target(this.#name) ?? {};
    if (sessionSince !== undefined) this.#activity.sessions.begin(clock.monotonic());
    const idle = firstTier(this.#subject.spec).afterMs ?? 0;
    const ago = Math.max(0, clock.now() - last);
    const atMost = Math.max(0, idle - AFTER_RESTART_MS);
    this.#activity.resumeAt(clock.monotonic() - Math.min(ago, atMost));
  }

  #writeActivity(): void {
    if (!this.#used) return;
    this.#used = false;
    const { clock, store } = this.#around;
    const ago = clock.monotonic() - this.#activity.lastUse;
    const { began } = this.#activity.sessions;
    const sessionSince =
      began === undefined ? undefined : Math.round(clock.now() - (clock.monotonic() - began));
    const awake = store.target(this.#name)?.awakeSince !== undefined;
    store.update(this.#name, {
      lastActivity: Math.round(clock.now() - ago),
      sessionSince,
      ...(awake && { awakeSeen: clock.now() }),
    });
  }

  #record(wake: Wake, outcome: WakeRecord["outcome"], ended: number, failure?: string): void {
    const { store } = this.#around;
    const { stopping, room, dependencies, starting, probing } = wake.began;
    const marks = Object.entries({ stopping, room, dependencies, starting, probing }).filter(
      (mark): mark is [keyof WakeRecord["phases"], number] => mark[1] !== undefined,
    );
    const phases = Object.fromEntries(
      marks.map(([phase, began], index) => [phase, Math.round((marks[index + 1]?.[1] ?? ended) - began)]),
    );
    if (wake.cause.by === "outside") return;
    const record: WakeRecord = {
      at: wake.at,
      from: wake.from,
      outcome,
      totalMs: Math.round(ended - wakeBegan(wake)),
      phases,
      cause: wake.cause,
      ...(failure !== undefined && { failure }),
    };
    store.update(this.#name, {
      wakes: [...(store.target(this.#name)?.wakes ?? []), record].slice(-KEPT_WAKES),
    });
  }
}
