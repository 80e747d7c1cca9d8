import type { Problem } from "../config/model.ts";
import { styled, type Output } from "./output.ts";

/** A problem on two lines: where and what, then what was expected and what to do. */
export function problemText(problem: Problem, output: Output): string {
  const { severity, where, key, value, message } = problem;
  const mark = styled(output, severity === "error" ? "red" : "yellow", severity);
  const what = value === undefined ? key : `${key}: ${clean(value)}`;
  const head = `${styled(output, "bold", where)}: ${mark}${what === "" ? "" : `: ${what}`}`;
  return `${head}\n    ${message}`;
}

/** `2 errors, 1 warning`, or an empty string. */
export function countText(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  return [plural(errors, "error"), plural(warnings, "warning")].filter((text) => text !== "").join(", ");
}

function plural(count: number, word: string): string {
  return count === 0 ? "" : `${String(count)} ${word}${count === 1 ? "" : "s"}`;
}

/** Labels are anybody's text: no control characters reach the terminal. */
function clean(value: string): string {
  const line = value.replaceAll(/\p{Cc}+/gu, " ");
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
