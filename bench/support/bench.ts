/** One measured number. */
export interface Figure {
  /** What was measured, as a reader of the report would say it. */
  readonly name: string;
  readonly value: number;
  /** `x` for a ratio against the reference of the same minute; else `us`, `ms`, `MB`, `/s`, `calls` … */
  readonly unit: string;
  /** What design and README promise; absent for what is only told. */
  readonly budget?: Budget;
  /** What a reader must know to judge it. */
  readonly note?: string;
}

/** The bound that a figure is held to, in its own unit. */
export type Budget = { readonly atLeast: number } | { readonly atMost: number };

/** Bars beside each other, for the report. */
export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly { readonly label: string; readonly value: number }[];
}

/** What a run of one bench tells. Plain data: it is printed as JSON. */
export interface Result {
  readonly bench: string;
  readonly figures: readonly Figure[];
  readonly charts: readonly Chart[];
  /** How it was measured, and what could not be. */
  readonly notes: readonly string[];
}

/** How a bench is run. */
export interface BenchOptions {
  /** A quick look whether it works: the figures mean nothing then. */
  readonly brief: boolean;
  /** Progress for people; never part of the result. */
  readonly say: (text: string) => void;
}

/** One thing that can be measured with one command. */
export interface Bench {
  readonly name: string;
  /** One line for the usage. */
  readonly summary: string;
  /** @throws Error when what it needs is missing, or when what it measures does not do its work. */
  run(options: BenchOptions): Promise<Omit<Result, "bench">>;
}

/** Whether a figure keeps to its budget; undefined where there is none. */
export function keepsBudget({ value, budget }: Figure): boolean | undefined {
  if (!budget) return undefined;
  return "atLeast" in budget ? value >= budget.atLeast : value <= budget.atMost;
}
