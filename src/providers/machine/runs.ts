import { readJson, writeJson } from "../json-file.ts";

/** One time on, from the moment it was seen on. */
export interface Run {
  /** Different for each. */
  readonly id: string;
  /** Wall ms. */
  readonly startedAt: number;
  /** Wall ms at which it was seen off again. */
  readonly endedAt?: number;
}

/**
 * The latest run of one machine. Nothing but our own looks tells one run from the next, so a later Wakegate that
 * finds the machine on takes it for the same.
 */
export class Runs {
  readonly #path: string | undefined;
  #latest: Run | undefined;

  /** @param path of the file that keeps it; undefined: nothing is kept. */
  constructor(path: string | undefined) {
    this.#path = path;
    this.#latest = path === undefined ? undefined : runOf(readJson(path));
  }

  get latest(): Run | undefined {
    return this.#latest;
  }

  /** Takes what a look saw. True when that differs from before. */
  seen(on: boolean, now: number): boolean {
    const wasOn = this.#latest !== undefined && this.#latest.endedAt === undefined;
    if (on === wasOn) return false;
    this.#latest = on
      ? { id: `on@${String(now)}`, startedAt: now }
      : this.#latest && { ...this.#latest, endedAt: now };
    this.#keep();
    return true;
  }

  #keep(): void {
    if (this.#path === undefined) return;
    try {
      writeJson(this.#path, this.#latest);
    } catch {
      // A later Wakegate takes what runs for a new run: it lives a little longer, nothing else.
    }
  }
}

function runOf(value: unknown): Run | undefined {
  const { id, startedAt, endedAt } = (value ?? {}) as Partial<Record<keyof Run, unknown>>;
  if (typeof id !== "string" || typeof startedAt !== "number") return undefined;
  return { id, startedAt, ...(typeof endedAt === "number" && { endedAt }) };
}
