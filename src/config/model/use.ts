import type { Recurrence } from "../values/recurrence.ts";
import type { TimeWindow } from "../values/time-window.ts";

/** What counts as use of a target, and when it may sleep and wake. All optional: absent means "not asked". */
export interface UseOptions {
  /** Paused after this long without use; with `stopAfterMs` stopped later. Takes the place of the idle time. */
  readonly pauseAfterMs?: number;
  /** With `pauseAfterMs`: stopped after this long without use. */
  readonly stopAfterMs?: number;
  /** Not put to sleep earlier than this after it became ready. */
  readonly minUptimeMs?: number;
  /** Says when it would sleep, and leaves it awake. */
  readonly dryRun?: boolean;
  readonly activity?: ActivityOptions;
  readonly busyCheck?: BusyCheckSpec;
  readonly schedule?: ScheduleSpec;
}

export interface ActivityOptions {
  /** Bytes per second above the learned noise that count as use. Default: 1000. */
  readonly networkAbove?: number;
  /** Percent of one core that count as use. Default: 25. */
  readonly cpuAbove?: number;
  /** Containers, addresses and blocks whose connections are no use. */
  readonly ignorePeers?: readonly string[];
}

/** The app's own word on whether it has work. */
export interface BusyCheckSpec {
  readonly http?: {
    /** Path, and query if any. */
    readonly path: string;
    /** Default: the target's port. */
    readonly port?: number;
    /** Busy when the value there is neither absent, false, zero nor empty. */
    readonly jsonPath?: readonly string[];
    /** Source of a regular expression: busy when the body (or the value at `jsonPath`) matches. */
    readonly regex?: string;
    /** Inclusive ranges. Alone: busy when the answer has one of them. With the others: a good answer. */
    readonly statuses?: readonly (readonly [number, number])[];
  };
  /** Busy when it exits with 0, not busy with 1. */
  readonly exec?: readonly string[];
  readonly timeoutMs: number;
}

export interface ScheduleSpec {
  /** IANA name. Unset: the machine's own. */
  readonly timeZone?: string;
  /** Kept awake in these. */
  readonly awake: readonly TimeWindow[];
  /** Requests do not wake it in these. */
  readonly noWake: readonly TimeWindow[];
  /** Woken so long before each window of `awake`. Unset: such a window wakes nothing, it only keeps awake. */
  readonly prewakeMs?: number;
  readonly every?: Recurrence;
}
