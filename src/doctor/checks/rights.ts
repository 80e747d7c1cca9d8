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

function judgeOne(scene: Scene, { name, kind, exam, failure }: EngineScene): readonly Found[] {
  if (kind === "process") return [];
  if (failure) return [{ level: "skipped", sentence: `Engine ${name} does not answer.` }];
  if (!exam) return [{ level: "skipped", sentence: `Engine ${name} was not asked for its rights in time.` }];
  if (exam.refused.length === 0)
    return [{ level: "ok", sentence: `Wakegate may do on ${name} all that it needs.` }];
  const needed = neededCalls(scene, name);
  const missing = exam.refused.filter(({ call }) => kind === "proxmox" || needed.has(call));
  const refused = missing.length > 0 ? missing : exam.refused;
  const calls = refused.map(({ call }) => call).join(", ");
  const grants = [...new Set(refused.flatMap(({ grant }) => grant.split(/,\s*|\s+and\s+/)))];
  const isProxmox = kind === "proxmox";
  return [
    {
      level: missing.length > 0 ? "problem" : "warning",
      sentence:
        missing.length > 0
          ? `${isProxmox ? "The cluster" : "The socket proxy"} of engine ${name} forbids what targets need: ${calls}.`
          : `The socket proxy of engine ${name} forbids ${calls}: what these tell is not known then, and a use may be overlooked.`,
      evidence: refused.map(({ call, grant }) => `${call} is refused; wanted: ${grant}`),
      fix: [
        isProxmox
          ? { where: "in a shell, on a node", lines: grants.join("\n") }
          : {
              where: "compose.yaml, service of the socket proxy",
              lines: ["environment:", ...grants.map((grant) => `  ${grant.replace("=1", ': "1"')}`)].join(
                "\n",
              ),
            },
      ],
    },
  ];
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
