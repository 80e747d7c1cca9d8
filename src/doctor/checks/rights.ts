import type { EngineExam } from "../../providers/provider.ts";
import type { Check } from "../check.ts";
import type { Fix, Found } from "../finding.ts";
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
  const missing = exam.refused.filter(({ call }) => isNeeded(kind, call, needed));
  const blind = exam.refused.filter(({ call }) => TELLING.has(call.replace(/:.*$/, "")));
  if (missing.length > 0) return [told("problem", each, missing)];
  if (blind.length > 0) return [told("warning", each, blind)];
  const unused = exam.refused.map(({ call }) => call).join(", ");
  const evidence = unused === "" ? [] : [`refused, and not needed: ${unused}`];
  return [{ level: "ok", sentence: `Wakegate may do on ${name} all that it needs.`, evidence }];
}

/** What can be done without, and then something is overlooked or forgotten. Kubernetes names the right behind it. */
const TELLING: ReadonlySet<string> = new Set(["usage", "logs", "hosts", "remember"]);

function isNeeded(kind: EngineScene["kind"], call: string, needed: ReadonlySet<string>): boolean {
  if (kind === "kubernetes") return !TELLING.has(call.replace(/:.*$/, ""));
  return kind === "proxmox" || needed.has(call);
}

function told(
  level: "problem" | "warning",
  { name, kind }: EngineScene,
  refused: EngineExam["refused"],
): Found {
  const calls = refused.map(({ call }) => call).join(", ");
  const who = `${WHO[kind] ?? "The socket proxy"} of engine ${name} forbids`;
  return {
    level,
    sentence:
      level === "problem"
        ? `${who} what targets need: ${calls}.`
        : kind === "kubernetes"
          ? `${who} what can be done without: ${calls}. The guide to Kubernetes says what is missed.`
          : `${who} ${calls}: a use, or why something failed, may be overlooked.`,
    evidence: refused.map(({ call, grant }) => `${call} is refused; wanted: ${grant}`),
    fix: [fixOf(kind, refused)],
  };
}

const WHO: Partial<Record<EngineScene["kind"], string>> = {
  kubernetes: "The cluster",
  proxmox: "The cluster",
};

function fixOf(kind: EngineScene["kind"], refused: EngineExam["refused"]): Fix {
  if (kind === "kubernetes") {
    const rules = [...new Set(refused.map(({ grant }) => grant))];
    return {
      where: "rules of the ClusterRole (or Role) wakegate, then kubectl apply",
      lines: ["rules:", ...rules.map((rule) => `  - ${rule}`)].join("\n"),
    };
  }
  const grants = [...new Set(refused.flatMap(({ grant }) => grant.split(/,\s*|\s+and\s+/)))];
  if (kind === "proxmox") return { where: "in a shell, on a node", lines: grants.join("\n") };
  return {
    where: "compose.yaml, service of the socket proxy",
    lines: ["environment:", ...grants.map((grant) => `  ${grant.replace("=1", ': "1"')}`)].join("\n"),
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
