import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { barChart } from "./bar-chart.ts";
import { keepsBudget, type BenchOptions, type Result } from "./bench.ts";
import { ROOT } from "./built.ts";
import { machineFacts } from "./machine.ts";
import { budgetOf, valueOf } from "./printed.ts";

/** Writes `bench/REPORT.md` and its charts over those from before. */
export async function writeReport(results: readonly Result[], { brief }: BenchOptions): Promise<void> {
  const folder = join(ROOT, "bench/charts");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const { bench, charts } of results) {
    for (const [index, chart] of charts.entries())
      await writeFile(join(folder, fileOf(bench, index)), barChart(chart));
  }
  await writeFile(join(ROOT, "bench/REPORT.md"), reportText(results, machineFacts(), brief));
}

/** The report as Markdown. Pure. */
export function reportText(
  results: readonly Result[],
  machine: readonly (readonly [string, string])[],
  brief: boolean,
): string {
  const judged = results.flatMap(({ bench, figures }) =>
    figures.filter(({ budget }) => budget).map((figure) => ({ bench, figure })),
  );
  const kept = judged.filter(({ figure }) => keepsBudget(figure) === true).length;
  return [
    "# Measured",
    "Written by `npm run bench -- report`; do not edit. Each ratio is against a reference that ran in the same minute on the same machine, in turns, and is the median of several rounds.",
    ...(brief ? ["**A brief run: it shows that the benches work, and nothing else.**"] : []),
    table(["Measured on", ""], machine),
    `## Budgets: ${String(kept)} of ${String(judged.length)} kept`,
    table(
      ["Bench", "Figure", "Measured", "Budget"],
      judged.map(({ bench, figure }) => [bench, figure.name, valueOf(figure), budgetOf(figure)]),
    ),
    ...results.map(section),
    "",
  ].join("\n\n");
}

function section({ bench, figures, charts, notes }: Result): string {
  return [
    `## ${bench}`,
    ...notes,
    table(
      ["Figure", "Measured", "Budget", "Note"],
      figures.map((figure) => [figure.name, valueOf(figure), budgetOf(figure), figure.note ?? ""]),
    ),
    ...charts.map(({ title }, index) => `![${title}](charts/${fileOf(bench, index)})`),
  ].join("\n\n");
}

function fileOf(bench: string, index: number): string {
  return `${bench}-${String(index + 1)}.svg`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
