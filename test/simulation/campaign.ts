import type { Settings } from "../../src/config/model.ts";
import { Coverage } from "./coverage.ts";
import { run, type Outcome } from "./run.ts";
import { generate, type Schedule } from "./schedule/generate.ts";

/** What many seeds came to. */
export interface Report {
  readonly seeds: number;
  readonly simulatedHours: number;
  readonly steps: number;
  readonly failures: readonly {
    readonly seed: number;
    readonly invariant: number;
    readonly message: string;
  }[];
  readonly coverage: Coverage;
}

export interface CampaignOptions {
  readonly settings: readonly Settings[];
  /** In the order in which they are run; may have no end. */
  readonly seeds: Iterable<number>;
  /** False: enough. Asked before each seed. */
  readonly goesOn: () => boolean;
  /** Told of each schedule that broke a rule. False: enough. */
  readonly onFailure?: (schedule: Schedule, outcome: Outcome) => Promise<boolean> | boolean;
}

const HOUR_MS = 3_600_000;

/** Runs schedule after schedule. */
export async function campaign(options: CampaignOptions): Promise<Report> {
  const { settings, goesOn, onFailure } = options;
  const coverage = new Coverage();
  const failures: Report["failures"][number][] = [];
  let [seeds, steps, ms] = [0, 0, 0];
  for (const seed of options.seeds) {
    if (!goesOn()) break;
    const schedule = generate(seed);
    const outcome = await run(schedule, { settings, coverage });
    seeds++;
    steps += outcome.steps;
    ms += outcome.ms;
    const { violation } = outcome;
    if (!violation) continue;
    failures.push({ seed, invariant: violation.invariant, message: violation.message });
    if (onFailure && !(await onFailure(schedule, outcome))) break;
  }
  const simulatedHours = Math.round((ms / HOUR_MS) * 10) / 10;
  return { seeds, simulatedHours, steps, failures, coverage };
}
