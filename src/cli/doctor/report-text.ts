import { LAYER_TEXT, type Finding, type Level } from "../../doctor/finding.ts";
import type { Report } from "../../doctor/report.ts";
import { styled, type Output, type Style } from "../output.ts";

const STYLES: Readonly<Record<Level, Style>> = {
  ok: "green",
  warning: "yellow",
  problem: "red",
  skipped: "dim",
};
const INDENT = " ".repeat(10);

/** The report for a terminal: one line each, and below what is wrong its evidence and what to paste. */
export function reportText({ findings }: Report, output: Output): string {
  const width = Math.max(...findings.map(({ title }) => title.length));
  const lines = findings.flatMap((finding) => findingLines(finding, width, output));
  return [...lines, "", summary(findings, output)].join("\n");
}

function findingLines(
  { title, level, layer, sentence, evidence, fix }: Finding,
  width: number,
  output: Output,
): readonly string[] {
  const head = `${styled(output, STYLES[level], level.padEnd(8))}  ${title.padEnd(width)}  ${clean(sentence)}`;
  if (level === "ok") return [head];
  const bad = level !== "skipped";
  return [
    head,
    ...(bad ? [`${INDENT}${LAYER_TEXT[layer]}`] : []),
    ...evidence.map((each) => styled(output, "dim", `${INDENT}- ${clean(each)}`)),
    ...fix.flatMap(({ where, lines }) => [
      `${INDENT}${styled(output, "bold", clean(where))}:`,
      ...lines.split("\n").map((line) => `${INDENT}    ${clean(line.replaceAll("\t", "    "))}`),
    ]),
  ];
}

function summary(findings: readonly Finding[], output: Output): string {
  const of = (level: Level): readonly Finding[] => findings.filter((each) => each.level === level);
  const problems = of("problem");
  const where = [...new Set(problems.map(({ layer }) => LAYER_TEXT[layer]))].join(", ");
  const parts = [
    ...(problems.length > 0
      ? [styled(output, "red", `${String(problems.length)} to fix (${where})`)]
      : [styled(output, "green", "nothing to fix")]),
    ...(of("warning").length > 0 ? [`${String(of("warning").length)} to look at`] : []),
    `${String(of("ok").length)} good`,
    ...(of("skipped").length > 0 ? [`${String(of("skipped").length)} not looked at`] : []),
  ];
  return parts.join(", ");
}

/** Names and labels are anybody's text: no control characters reach the terminal. */
function clean(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}
