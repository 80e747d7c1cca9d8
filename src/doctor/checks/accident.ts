import type { Check } from "../check.ts";
import type { Found } from "../finding.ts";
import { knownImage } from "../known-images.ts";
import { labelsOf } from "../labels-of.ts";
import { selfOf } from "../places.ts";
import type { Scene, TargetScene } from "../scene.ts";

/** Is anything a target by accident that everything else hangs on: Wakegate, the proxy, single sign-on? */
export const accident: Check = {
  id: "accident",
  title: "Labelled by accident",
  layer: "app",
  judge(scene) {
    const found = scene.targets.flatMap((target) => judgeOne(scene, target));
    const self = selfOf(scene.engines);
    if (self && /^(true|1|yes|on)$/i.test(self.labels["wakegate.enable"] ?? ""))
      found.push(
        accused(
          self.name,
          `compose.yaml, labels of ${self.name}`,
          "is Wakegate itself and could not wake itself",
          [],
        ),
      );
    return found.length > 0 || scene.targets.length === 0
      ? found
      : [{ level: "ok", sentence: "Neither Wakegate nor a proxy nor a single sign-on is a target." }];
  },
};

function judgeOne(scene: Scene, { spec, instance }: TargetScene): readonly Found[] {
  if (!instance) return [];
  const asks =
    scene.proxy.kind === "asked" &&
    instance.networks.some(
      ({ address }) => scene.proxy.kind === "asked" && scene.proxy.askers.includes(address),
    );
  if (asks)
    return [
      accused(spec.name, labelsOf(spec), "asks Wakegate for verdicts: it is the proxy, or stands before it", [
        "seen asking",
      ]),
    ];
  const known = knownImage(instance.image);
  if (!known || known.role === "always-on") return [];
  const what = { wakegate: "a Wakegate", proxy: "a proxy", sso: "a single sign-on" }[known.role];
  return [accused(spec.name, labelsOf(spec), `is ${what} by its image: ${known.reason}`, [instance.image])];
}

function accused(name: string, where: string, why: string, evidence: readonly string[]): Found {
  return {
    level: "problem",
    target: name,
    sentence: `${name} is a target, but ${why}.`,
    evidence,
    fix: [{ where, lines: 'wakegate.enable: "false"' }],
  };
}
