import type { Problem } from "../../model.ts";
import type { Dialect } from "./dialect.ts";
import { godoxy } from "./godoxy.ts";
import type { ForeignName } from "./names.ts";
import { sablier } from "./sablier.ts";

const DIALECTS: Readonly<Record<ForeignName, Dialect>> = { sablier, godoxy };

/** A container's labels, those of other programs said in ours. */
export interface Understood {
  /** Our labels as written, and below them what others say. */
  readonly labels: Readonly<Record<string, string>>;
  readonly groups: readonly string[];
  /** Warnings about what others say and Wakegate does not read. */
  readonly problems: readonly Problem[];
  /** Names the label that a person wrote, where a problem is about one that was translated. */
  readonly asWritten: (problem: Problem) => Problem;
}

/**
 * Lays the labels of other programs below a container's own `wakegate.*` labels: who has written one of ours
 * meant it. With `wakegate.enable` written, whatever its value, that alone decides. Of two programs that speak of
 * the same thing the first that is named counts.
 */
export function readForeignLabels(
  labels: Readonly<Record<string, string>>,
  names: readonly ForeignName[],
  where: string,
): Understood {
  const origin = new Map<string, { readonly from: string; readonly value: string }>();
  const groups: string[] = [];
  const problems: Problem[] = [];
  for (const name of names) {
    const translation = DIALECTS[name](labels);
    for (const { label, value, from } of translation.renderings)
      if (!(label in labels) && !origin.has(label)) origin.set(label, { from, value });
    groups.push(...translation.groups);
    problems.push(
      ...translation.unread.map(({ label, message }): Problem => ({
        severity: "warning",
        where,
        key: label,
        value: labels[label] ?? "",
        message,
      })),
    );
  }
  if (origin.size === 0) return { labels, groups, problems, asWritten: (problem) => problem };
  const translated = Object.fromEntries([...origin].map(([label, { value }]) => [label, value]));
  return {
    labels: { ...translated, ...labels },
    groups,
    problems,
    asWritten(problem) {
      const written = origin.get(problem.key);
      return written ? { ...problem, key: written.from, value: labels[written.from] ?? "" } : problem;
    },
  };
}
