import type { Problem } from "../../config/model.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log, LogFields } from "../../lib/log.ts";
import type { BrokenTarget } from "./plan.ts";

/** As long as updaters and `compose up` take to remove and create containers. */
const PASSES_WITHIN_MS = 10_000;

interface Waiting {
  readonly problem: Problem;
  readonly due: number;
}

/**
 * Logs each problem once, however often the plan is made, and again when it went away and came back. One that may
 * pass by itself is logged when it lasts.
 */
export class ProblemLog implements Disposable {
  readonly #log: Log;
  readonly #clock: Clock;
  #told = new Set<string>();
  /** Problems that may pass, with the monotonic ms at which they are logged. */
  #waiting = new Map<string, Waiting>();
  #timer: Disposable | undefined;
  readonly #forever = new Set<string>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  tell(problems: readonly Problem[], broken: readonly BrokenTarget[]): void {
    const now = new Set<string>();
    const waiting = new Map<string, Waiting>();
    for (const problem of problems) {
      const line = lineOf(problem);
      now.add(line);
      if (this.#told.has(line)) continue;
      const due = this.#clock.monotonic() + PASSES_WITHIN_MS;
      if (problem.mayPass) waiting.set(line, this.#waiting.get(line) ?? { problem, due });
      else this.#write(problem, line);
    }
    for (const { name, message } of broken) {
      now.add(message);
      if (!this.#told.has(message)) this.#log.error("target_disabled", message, { target: name });
    }
    for (const line of waiting.keys()) now.delete(line);
    this.#told = now;
    this.#waiting = waiting;
    this.#arm();
  }

  /** Says something once in the life of the process. */
  once(key: string, event: string, message: string, fields: LogFields): void {
    if (this.#forever.has(key)) return;
    this.#forever.add(key);
    this.#log.warn(event, message, fields);
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    const due = Math.min(...[...this.#waiting.values()].map((one) => one.due));
    this.#timer = this.#clock.after(Math.max(0, due - this.#clock.monotonic()), () => this.#review());
  }

  #review(): void {
    const now = this.#clock.monotonic();
    for (const [line, { problem, due }] of this.#waiting) {
      if (due > now) continue;
      this.#waiting.delete(line);
      this.#told.add(line);
      this.#write(problem, line);
    }
    this.#arm();
  }

  #write({ severity, where, key }: Problem, line: string): void {
    if (severity === "error") this.#log.error("label_invalid", line, { where, key });
    else this.#log.warn("label_warning", line, { where, key });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }
}

function lineOf({ where, key, value, message }: Problem): string {
  return `${where}: ${key}${value === undefined ? "" : ` = ${JSON.stringify(value)}`}: ${message}`;
}
