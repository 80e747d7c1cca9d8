import { keepsBudget, type Figure, type Result } from "./bench.ts";

/** A result for people at a terminal. */
export function printed({ bench, figures, notes }: Result): string {
  const rows = figures.map((figure) => [figure.name, valueOf(figure), budgetOf(figure)] as const);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column === 0 ? 0 : 1].length)));
  const lines = rows.map(([name, value, budget]) =>
    `  ${name.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)}  ${budget}`.trimEnd(),
  );
  return `${bench}\n${lines.join("\n")}\n${notes.map((note) => `  ${note}\n`).join("")}`;
}

/** The value with its unit. */
export function valueOf({ value, unit }: Pick<Figure, "value" | "unit">): string {
  const number = value.toLocaleString("en", { maximumFractionDigits: 3 });
  return unit === "x" ? `${number} x` : `${number} ${unit}`;
}

/** What was promised, and whether it was kept; empty without a promise. */
export function budgetOf(figure: Figure): string {
  const { budget, unit } = figure;
  if (!budget) return "";
  const bound =
    "atLeast" in budget
      ? `at least ${valueOf({ value: budget.atLeast, unit })}`
      : `at most ${valueOf({ value: budget.atMost, unit })}`;
  return `${bound}: ${keepsBudget(figure) === true ? "kept" : "missed"}`;
}
