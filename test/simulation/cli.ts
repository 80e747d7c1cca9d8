import { campaign, type Report } from "./campaign.ts";
import { hunt } from "./mutants/hunt.ts";
import { parseOptions, USAGE, type SimulateOptions } from "./options.ts";
import { run } from "./run.ts";
import { describeSchedule } from "./schedule/describe.ts";
import { generate } from "./schedule/generate.ts";
import { loadVariants } from "./settings.ts";
import { shrink } from "./shrink.ts";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** A failure says enough; more of them only take longer to read. */
const MOST_SHRUNK = 5;

async function simulate(options: SimulateOptions): Promise<Report> {
  const settings = await loadVariants();
  const began = performance.now();
  let shrunk = 0;
  const report = await campaign({
    settings,
    seeds: from(options.from, options.to),
    goesOn: () => performance.now() - began < options.forMs,
    onFailure: async (schedule, outcome) => {
      if (options.first) return false;
      if (shrunk++ >= MOST_SHRUNK) return true;
      const least = await shrink(schedule, outcome, { settings });
      const { violation, trace } = least.outcome;
      say(
        `\nseed ${String(schedule.seed)} breaks invariant ${String(violation?.invariant)}: ${violation?.message ?? ""}`,
      );
      say(
        describeSchedule(
          schedule,
          schedule.actions.filter(({ index }) => least.only.has(index)),
        ),
      );
      say(["the end of its trace:", ...trace.lines.slice(-40)].join("\n"));
      return true;
    },
  });
  const seconds = (performance.now() - began) / 1_000;
  const { seeds, steps, simulatedHours, failures, coverage } = report;
  say(
    `${String(seeds)} seeds, ${String(simulatedHours)} simulated hours, ${String(steps)} steps in ${seconds.toFixed(1)} s; ` +
      `${String(failures.length)} failures; ${String(coverage.reached)} of ${String(coverage.pairs)} pairs of state and event`,
  );
  return report;
}

/** One schedule, or what is left of it, with everything that happened. */
async function replay({ from: seed, only, trace }: SimulateOptions): Promise<boolean> {
  const schedule = generate(seed);
  const actions = schedule.actions.filter(({ index }) => only?.has(index) ?? true);
  const outcome = await run(schedule, { settings: await loadVariants(), ...(only && { only }) });
  say(describeSchedule(schedule, actions));
  if (trace) say(outcome.trace.lines.join("\n"));
  const { violation } = outcome;
  say(violation ? `breaks invariant ${String(violation.invariant)}: ${violation.message}` : "no rule broken");
  say(`trace ${outcome.trace.hash}`);
  return violation === undefined;
}

function* from(first: number, last: number): Iterable<number> {
  for (let seed = first; seed <= last; seed++) yield seed;
}

async function main(argv: readonly string[]): Promise<boolean> {
  const options = parseOptions(argv);
  if (options.mutants) {
    const results = await hunt({ say });
    if (options.json) say(JSON.stringify({ mutants: results }));
    return results.every(({ foundAt }) => foundAt !== undefined);
  }
  if (options.only || options.trace) return await replay(options);
  const report = await simulate(options);
  if (options.json) say(JSON.stringify(report));
  return report.failures.length === 0;
}

try {
  if (!(await main(process.argv.slice(2)))) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
