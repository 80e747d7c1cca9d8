import type { Problem } from "../../config/model.ts";
import type { Check } from "../check.ts";
import type { Found } from "../finding.ts";
import { enableLines } from "../labels-of.ts";
import { sentence } from "../sentence.ts";

/** Are the labels and the file understood? */
export const labels: Check = {
  id: "labels",
  title: "Labels",
  layer: "app",
  judge({ problems, targets, engines }) {
    if (problems.length > 0) return problems.map(told);
    const down = engines.filter(({ failure }) => failure).map(({ name }) => name);
    if (down.length > 0 && targets.length === 0)
      return [{ level: "skipped", sentence: `The containers of ${down.join(", ")} are not known.` }];
    if (targets.length > 0) {
      const names = targets.map(({ spec }) => spec.name);
      const good = `All labels are understood. ${String(names.length)} ${names.length === 1 ? "target" : "targets"}.`;
      return [{ level: "ok", sentence: good, evidence: [names.join(", ")] }];
    }
    return [
      {
        level: "warning",
        sentence: "There is no target: no container has the label, and the file names none.",
        fix: [...new Set(engines.map(({ kind }) => kind === "kubernetes"))].map((inCluster) =>
          enableLines(inCluster),
        ),
      },
    ];
  },
};

/** What is written is left out: a label may hold a secret, and where it stands is said. */
function told({ severity, where, key, message }: Problem): Found {
  const said = sentence(`${where}${key === "" ? "" : `, ${key}`}: ${message}`);
  return { level: severity === "error" ? "problem" : "warning", sentence: said };
}
