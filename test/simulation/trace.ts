import { createHash } from "node:crypto";

/** What happened, line by line. Two runs of one schedule have equal traces, or the simulation is worth nothing. */
export class Trace {
  readonly #lines: string[] = [];
  #ended = false;

  add(atMs: number, line: string): void {
    if (this.#ended) return;
    this.#lines.push(`${(atMs / 1_000).toFixed(3).padStart(9)}  ${line}`);
  }

  /** What promises of a world that is over still do is no part of it. */
  end(): void {
    this.#ended = true;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  get hash(): string {
    const hash = createHash("sha256");
    for (const line of this.#lines) hash.update(line).update("\n");
    return hash.digest("hex").slice(0, 16);
  }
}
