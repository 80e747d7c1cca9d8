import { keepsBudget, type Bench, type BenchOptions, type Result } from "./support/bench.ts";
import { herd } from "./herd/herd.ts";
import { proxied } from "./proxied/proxied.ts";
import { scale } from "./scale/scale.ts";
import { bench as soak } from "./soak.ts";
import { start } from "./start/start.ts";
import { stream } from "./stream/stream.ts";
import { writeReport } from "./support/report.ts";
import { printed } from "./support/printed.ts";
import { verdict } from "./verdict/verdict.ts";
import { wake } from "./wake/wake.ts";

const benches: readonly Bench[] = [verdict, proxied, wake, herd, scale, start, stream];

const USAGE = `usage: npm run bench -- NAME [--json] [--brief]

  NAME    ${benches.map(({ name, summary }) => `${name.padEnd(9)}${summary}`).join("\n          ")}
          all      every one of them
          report   every one of them, written to bench/REPORT.md
  --json  the last line is one JSON object (with all: an array)
  --brief a quick look whether it works; the figures mean nothing
`;

const args = process.argv.slice(2);
const [name = ""] = args.filter((arg) => !arg.startsWith("--"));
const options: BenchOptions = {
  brief: args.includes("--brief"),
  say: (text) => process.stderr.write(`  ${text}\n`),
};
const chosen = name === "all" || name === "report" ? benches : benches.filter((bench) => bench.name === name);

if (name === "soak") await soak(args.slice(1));
else if (chosen.length === 0) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const results: Result[] = [];
  for (const bench of chosen) {
    process.stderr.write(`${bench.name}: ${bench.summary}\n`);
    const result = { bench: bench.name, ...(await bench.run(options)) };
    results.push(result);
    if (!args.includes("--json")) process.stdout.write(printed(result));
  }
  if (name === "report") await writeReport(results, options);
  if (args.includes("--json"))
    process.stdout.write(`${JSON.stringify(name === "all" ? results : results[0])}\n`);
  const missed = results.flatMap(({ figures }) => figures).filter((figure) => keepsBudget(figure) === false);
  // A budget that is missed is said, not failed: whoever runs it knows what else the machine was doing.
  for (const { name: figure } of missed) process.stderr.write(`missed: ${figure}\n`);
}
