import type { MetricName } from "./definitions.ts";

/** One thing that happened and counts. */
export type Count =
  | { readonly kind: "inc"; readonly name: MetricName; readonly labels: Labels; readonly by: number }
  | {
      readonly kind: "observe";
      readonly name: MetricName;
      readonly labels: Labels;
      readonly seconds: number;
    };

/** Values of a metric's labels. */
export type Labels = Readonly<Record<string, string>>;

/** Where counts go once the metrics library is loaded. */
export type CountSink = (count: Count) => void;

/**
 * Takes counts from the first moment on. The metrics library is loaded only when somebody asks for metrics;
 * until then sums are kept here, and a bounded number of observations for the histograms.
 */
export class Meter {
  readonly #sums = new Map<string, Count & { kind: "inc" }>();
  #observations: Count[] = [];
  #sink: CountSink | undefined;

  /** Adds to a counter. */
  inc(name: MetricName, labels: Labels = {}, by = 1): void {
    if (this.#sink) return this.#sink({ kind: "inc", name, labels, by });
    const key = `${name} ${JSON.stringify(labels)}`;
    const before = this.#sums.get(key)?.by ?? 0;
    this.#sums.set(key, { kind: "inc", name, labels, by: before + by });
  }

  /** Adds to a histogram. */
  observe(name: MetricName, labels: Labels, seconds: number): void {
    const count = { kind: "observe", name, labels, seconds } as const;
    if (this.#sink) return this.#sink(count);
    this.#observations.push(count);
    if (this.#observations.length > MOST_WAITING) this.#observations.shift();
  }

  /** Hands over all that was counted so far, then everything as it happens. */
  drainTo(sink: CountSink): void {
    for (const count of [...this.#sums.values(), ...this.#observations]) sink(count);
    this.#sums.clear();
    this.#observations = [];
    this.#sink = sink;
  }
}

/** Who never asks for metrics shall not pay for them with memory; who does, asks within minutes. */
const MOST_WAITING = 5_000;
