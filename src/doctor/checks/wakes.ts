import type { Check } from "../check.ts";
import type { Fix, Found } from "../finding.ts";
import { labelsOf } from "../labels-of.ts";
import type { Scene, TargetScene } from "../scene.ts";

/** Has any target failed to wake, or is it restarted again and again? */
export const wakes: Check = {
  id: "wakes",
  title: "Wakes",
  layer: "app",
  judge(scene) {
    if (scene.mode === "alone") return [];
    const found = scene.targets.flatMap((target) => judgeOne(scene, target));
    if (found.length > 0 || scene.targets.length === 0) return found;
    return [{ level: "ok", sentence: "No target has failed to wake." }];
  },
};

/** A run this young may be the next one of a crash loop. */
const YOUNG_MS = 60_000;
/** Once may have been an accident. */
const LOOPS_FROM = 2;

/** Its restart policy restarts it again and again, and it has not run for long since. */
export function isCrashLoop({ at }: Pick<Scene, "at">, { instance }: Pick<TargetScene, "instance">): boolean {
  const { status, restartCount = 0, startedAt = 0 } = instance ?? {};
  if (restartCount < LOOPS_FROM) return status === "restarting" && instance?.exit !== undefined;
  return status === "restarting" || (status === "running" && at - startedAt < YOUNG_MS);
}

function judgeOne(scene: Scene, target: TargetScene): readonly Found[] {
  const { spec, failure, instance } = target;
  if (failure) {
    const { exitCode, log = [], tries } = failure;
    const times = tries === 1 ? "once" : `${String(tries)} times in a row`;
    return [
      {
        level: "problem",
        target: spec.name,
        sentence: `${spec.name} failed to wake, ${times}. ${failure.message}`,
        evidence: [
          ...(exitCode === undefined ? [] : [`exit code ${String(exitCode)}`]),
          ...log.map((line) => `log: ${line}`),
        ],
        fix: fixesOf(target, failure.reason),
      },
    ];
  }
  if (!isCrashLoop(scene, target)) return [];
  const code = instance?.exit ?? instance?.previousExit;
  return [
    {
      level: "problem",
      target: spec.name,
      sentence: `${spec.name} ends again and again, and its restart policy starts it each time.`,
      evidence: [
        ...(instance?.restartCount === undefined
          ? []
          : [`restarts so far: ${String(instance.restartCount)}`]),
        ...(code ? [`exit code ${String(code.code)}${code.oomKilled ? ", out of memory" : ""}`] : []),
      ],
      fix: fixesOf(target, "exited"),
    },
  ];
}

function fixesOf(
  { spec }: TargetScene,
  reason: NonNullable<TargetScene["failure"]>["reason"],
): readonly Fix[] {
  if (reason === "no_listener")
    return [{ where: labelsOf(spec), lines: 'wakegate.port: "<the port inside the container>"' }];
  if (spec.source.kind !== "docker") return [];
  return [{ where: "in a shell, to read why", lines: `docker logs --tail 50 ${spec.source.container}` }];
}
