import type { ScheduleSpec } from "../config/model/use.ts";
import type { Clock } from "../lib/clock.ts";
import type { Order, RecordChange, Store, TargetRecord, TimedLease } from "../store/store.ts";
import type { Evidence } from "./activity/evidence.ts";
import type { WakeCause } from "./handle.ts";
import type { MayNotWake } from "./progress.ts";
import { dayTime } from "./say.ts";
import { scheduleAt, type ScheduleAt } from "./schedule.ts";

/** What one may say of an order. `until` is wall ms; without it the order has no end. */
export type OrderOptions = Omit<Order, "at">;

/** Whose orders they are: the watcher. */
export interface Ordered {
  readonly name: string;
  readonly spec: { readonly schedule?: ScheduleSpec };
  readonly around: { readonly clock: Clock; readonly store: Store };
  /** The schedule, or a person by a pin, wants it awake from now on. */
  wake(cause: { readonly by: "schedule" | "operator" }): void;
  /** An order was given, taken back, or is over. */
  ordered(): void;
}

/** The machine's own, asked for once and only where a schedule needs it: the answer costs a millisecond. */
let zone: string | undefined;

const UNSCHEDULED: ScheduleAt = { wakes: false };

/**
 * What people and the schedule order for one target: pins, hold-downs, leases with deadlines, hours. All of it is
 * wall time, outlives the process, and is looked at again when the wall clock is set.
 */
export class Orders implements Disposable {
  readonly #subject: Ordered;
  #schedule = UNSCHEDULED;
  #timer: Disposable | undefined;
  #closed = false;

  constructor(subject: Ordered) {
    this.#subject = subject;
    // Whoever makes us is not ready to be told anything yet, and asks by itself when it is.
    this.#arm(() => undefined);
  }

  get pinned(): Order | undefined {
    return valid(this.#record.pin, this.#now);
  }

  get held(): Order | undefined {
    return valid(this.#record.hold, this.#now);
  }

  /** What the schedule says now. */
  get schedule(): ScheduleAt {
    return this.#schedule;
  }

  /** Wakes it and keeps it awake. Ends a hold-down. */
  pin(options: OrderOptions = {}): void {
    this.#change({ pin: { at: this.#now, ...options }, hold: undefined });
    this.#subject.wake({ by: "operator" });
  }

  unpin(): void {
    this.#change({ pin: undefined });
  }

  /** Keeps it asleep: nothing but an operator wakes it. What is awake sleeps as soon as nobody uses it. Ends a pin. */
  hold(options: OrderOptions = {}): void {
    this.#change({ hold: { at: this.#now, ...options }, pin: undefined });
  }

  release(): void {
    this.#change({ hold: undefined });
  }

  /** Use until `until` (wall ms), whatever happens to who asked for it. The same id again moves the deadline. */
  lease(id: string, what: string, until: number): void {
    this.#change({ leases: { ...this.#record.leases, [id]: { what, until } } });
  }

  /** Ends a lease before its deadline; false when there is none (any more). */
  endLease(id: string): boolean {
    const { [id]: lease, ...rest } = this.#record.leases ?? {};
    if (!lease) return false;
    this.#change({ leases: rest });
    return lease.until > this.#now;
  }

  /** Everything ordered that keeps it awake now. */
  keepsAwake(): readonly Evidence[] {
    const now = this.#now;
    const pin = this.pinned;
    const leases = Object.values(this.#record.leases ?? {}).filter(({ until }) => until > now);
    const { awake } = this.#schedule;
    return [
      ...leases.map(({ what, until }: TimedLease): Evidence => {
        return { source: "lease", kind: "in-use", detail: what, numbers: { until }, who: [what] };
      }),
      ...(pin ? [pinEvidence(pin, now)] : []),
      ...(awake ? [hoursEvidence(awake.rule, awake.to, now)] : []),
    ];
  }

  /** Why whoever asks for a wake does not get it; undefined: they may. */
  mayNotWake(by: WakeCause["by"] = "request"): MayNotWake | undefined {
    if (by === "operator" || by === "schedule") return undefined;
    const hold = this.held;
    if (hold) {
      const reason = hold.reason ?? "kept asleep by hand";
      return { kind: "hold", reason, ...(hold.until !== undefined && { until: hold.until }) };
    }
    const { noWake, awake } = this.#schedule;
    // Those who need it were let through the door themselves; and hours to be awake are stronger.
    if (!noWake || awake || by === "dependant") return undefined;
    return { kind: "schedule", opensAt: noWake.to, rule: noWake.rule };
  }

  /** Looks at everything again: the configuration or the wall clock was changed, or the target can be woken now. */
  review(): void {
    this.#arm();
    this.#subject.ordered();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
  }

  get #now(): number {
    return this.#subject.around.clock.now();
  }

  get #record(): TargetRecord {
    return this.#subject.around.store.target(this.#subject.name) ?? {};
  }

  #change(change: RecordChange): void {
    this.#subject.around.store.update(this.#subject.name, change);
    this.review();
  }

  /** Forgets what is over, and waits for the next moment at which anything changes. */
  #arm(onWake = () => this.#subject.wake({ by: "schedule" })): void {
    if (this.#closed) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const { name, spec, around } = this.#subject;
    const { clock, store } = around;
    const now = clock.now();
    const { pin, hold, leases = {} } = this.#record;
    const open = Object.entries(leases).filter(([, { until }]) => until > now);
    const over: RecordChange = {
      ...(pin && !valid(pin, now) && { pin: undefined }),
      ...(hold && !valid(hold, now) && { hold: undefined }),
      ...(open.length < Object.keys(leases).length && {
        leases: open.length > 0 ? Object.fromEntries(open) : undefined,
      }),
    };
    if (Object.keys(over).length > 0) store.update(name, over);
    const { schedule } = spec;
    const before = this.#schedule;
    this.#schedule = schedule
      ? scheduleAt(schedule, now, (zone ??= Intl.DateTimeFormat().resolvedOptions().timeZone))
      : UNSCHEDULED;
    const ends = [pin?.until, hold?.until, this.#schedule.next, ...open.map(([, { until }]) => until)];
    const next = Math.min(...ends.filter((end) => end !== undefined && end > now).map(Number));
    if (Number.isFinite(next)) this.#timer = clock.after(next - now, () => this.review());
    if (this.#schedule.wakes && !before.wakes) onWake();
  }
}

function valid(order: Order | undefined, now: number): Order | undefined {
  return order && (order.until === undefined || order.until > now) ? order : undefined;
}

function pinEvidence({ until, by, reason }: Order, now: number): Evidence {
  const end = until === undefined ? "no end" : `until ${dayTime(until, now)}`;
  const detail = [end, by, reason].filter((part) => part !== undefined).join(", ");
  return { source: "pin", kind: "in-use", detail, ...(until !== undefined && { numbers: { until } }) };
}

function hoursEvidence(rule: string, until: number, now: number): Evidence {
  const detail = `${rule === "every" ? "its recurring time" : rule}, until ${dayTime(until, now)}`;
  return { source: "schedule", kind: "in-use", detail, numbers: { until } };
}
