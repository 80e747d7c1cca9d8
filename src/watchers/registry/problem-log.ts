import type { Problem } from "../../config/model.ts";
import type { Log, LogFields } from "../../lib/log.ts";
import type { BrokenTarget } from "./plan.ts";

/** Says each problem once, however often the plan is made; says it again when it went away and came back. */
export class ProblemLog {
  readonly #log: Log;
  #told = new Set<string>();
  readonly #forever = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  tell(problems: readonly Problem[], broken: readonly BrokenTarget[]): void {
    const now = new Set<string>();
    for (const problem of problems) {
      const { severity, where, key, value, message } = problem;
      const line = `${where}: ${key}${value === undefined ? "" : ` = ${JSON.stringify(value)}`}: ${message}`;
      now.add(line);
      if (this.#told.has(line)) continue;
      if (severity === "error") this.#log.error("label_invalid", line, { where, key });
      else this.#log.warn("label_warning", line, { where, key });
    }
    for (const { name, message } of broken) {
      now.add(message);
      if (!this.#told.has(message)) this.#log.error("target_disabled", message, { target: name });
    }
    this.#told = now;
  }

  /** Says something once in the life of the process. */
  once(key: string, event: string, message: string, fields: LogFields): void {
    if (this.#forever.has(key)) return;
    this.#forever.add(key);
    this.#log.warn(event, message, fields);
  }
}
