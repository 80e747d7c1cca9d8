import type { EngineExam } from "../../providers/provider.ts";
import type { Check } from "../check.ts";
import type { Found } from "../finding.ts";
import type { EngineScene, Scene } from "../scene.ts";

/** May Wakegate do there what it has to? A socket proxy, or a role, often grants less. */
export const rights: Check = {
  id: "rights",
  title: "Rights",
  layer: "engine",
  judge: (scene) => scene.engines.flatMap((each) => judgeOne(scene, each)),
};

function judgeOne(scene: Scene, each: EngineScene): readonly Found[] {
  const { name, kind, exam, failure } = each;
  if (kind === "process") return [];
  if (failure) return [{ level: "skipped", sentence: `Engine ${name} does not answer.` }];
  // It has no rights of its own.
  if (!exam) return [];
  if (exam.asleepIn !== undefined) return [{ level: "skipped", sentence: `Engine ${name} sleeps.` }];
  const needed = neededCalls(scene, name);
  const missing = exam.refused.filter(({ call }) => kind === "proxmox" || needed.has(call));
  const blind = exam.refused.filter(({ call }) => TELLING.has(call));
  if (missing.length > 0) return [told("problem", each, missing)];
  if (blind.length > 0) return [told("warning", each, blind)];
  const unused = exam.refused.map(({ call }) => call).join(", ");
  const evidence = unused === "" ? [] : [`refused, and not needed: ${unused}`];
  return [{ level: "ok", sentence: `Wakegate may do on ${name} all that it needs.`, evidence }];
}

/** What only tells something: without it a use, or the reason of a failure, may be overlooked. */
const TELLING: ReadonlySet<string> = new Set(["usage", "logs"]);

function told(
  level: "problem" | "warning",
  { name, kind }: EngineScene,
  refused: EngineExam["refused"],
): Found {
  const calls = refused.map(({ call }) => call).join(", ");
  const grants = [...new Set(refused.flatMap(({ grant }) => grant.split(/,\s*|\s+and\s+/)))];
  const isProxmox = kind === "proxmox";
  const who = `${isProxmox ? "The cluster" : "The socket proxy"} of engine ${name} forbids`;
  return {
    level,
    sentence:
      level === "problem"
        ? `${who} what targets need: ${calls}.`
        : `${who} ${calls}: a use, or why something failed, may be overlooked.`,
    evidence: refused.map(({ call, grant }) => `${call} is refused; wanted: ${grant}`),
    fix: [
      isProxmox
        ? { where: "in a shell, on a node", lines: grants.join("\n") }
        : {
            where: "compose.yaml, service of the socket proxy",
            lines: ["environment:", ...grants.map((grant) => `  ${grant.replace("=1", ': "1"')}`)].join("\n"),
          },
    ],
  };
}

/** What the engine's targets cannot do without. */
function neededCalls(scene: Scene, engine: string): ReadonlySet<string> {
  const needed = new Set(["list", "inspect", "events", "start", "stop"]);
  for (const { spec } of scene.targets.filter((each) => each.engine === engine)) {
    if (spec.stopMethod === "pause") for (const call of ["pause", "unpause"]) needed.add(call);
    if (spec.stopMethod === "kill" || spec.stopSignal !== undefined) needed.add("kill");
    if (spec.readiness.kind === "healthcheck") needed.add("exec");
  }
  return needed;
}
