import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readJson, writeJson } from "../json-file.ts";
import type { Exit } from "../provider.ts";

/** What a later Wakegate must know of the latest run of a process. */
export interface RunRecord {
  readonly pid: number;
  readonly identity: string;
  /** Wall time in ms. */
  readonly startedAt: number;
  readonly exit?: Exit;
}

/** The folder of records and logs: `<stateDir>/processes`. */
export class Records {
  readonly #dir: string;

  constructor(stateDir: string) {
    this.#dir = join(stateDir, "processes");
  }

  logPath(name: string): string {
    return join(this.#dir, `${name}.log`);
  }

  /** @throws the file system's own error when the folder cannot be made. */
  prepare(): void {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
  }

  /** The record of a process, undefined when there is none or it cannot be understood. */
  read(name: string): RunRecord | undefined {
    const value = readJson(this.#path(name));
    return isRecord(value) ? value : undefined;
  }

  /** @throws the file system's own error. */
  write(name: string, record: RunRecord): void {
    writeJson(this.#path(name), record);
  }

  #path(name: string): string {
    return join(this.#dir, `${name}.json`);
  }
}

function isRecord(value: unknown): value is RunRecord {
  const { pid, identity, startedAt } = (value ?? {}) as Partial<Record<keyof RunRecord, unknown>>;
  return (
    Number.isSafeInteger(pid) &&
    (pid as number) > 1 &&
    typeof identity === "string" &&
    typeof startedAt === "number"
  );
}
