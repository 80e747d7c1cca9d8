import type { Check } from "../check.ts";
import type { Found } from "../finding.ts";
import { knownImage } from "../known-images.ts";
import { labelsOf } from "../labels-of.ts";
import { ssoLines } from "../lines.ts";
import { outcomeOf } from "../outcome.ts";
import { proxyKinds } from "../proxy-kind.ts";
import { siteOf } from "../site.ts";
import type { Probed, Scene, TargetScene } from "../scene.ts";

/** Is single sign-on asked before Wakegate, so that strangers wake nothing? */
export const sso: Check = {
  id: "sso-order",
  title: "Single sign-on first",
  layer: "proxy",
  judge(scene) {
    const byLabels = scene.targets.flatMap((target) => wrongOrder(target));
    if (byLabels.length > 0) return byLabels;
    if (scene.proxy.kind === "not-asked") return [];
    const outcomes = scene.proxy.probes.map((probed) => [probed, outcomeOf(probed).kind] as const);
    const behind = outcomes.filter(([, kind]) => kind === "login").map(([{ host }]) => host);
    const open = outcomes.filter(([, kind]) => kind === "asked").map(([probed]) => probed);
    const signOn = scene.engines
      .flatMap(({ instances }) => instances)
      .find(({ image, status }) => status === "running" && knownImage(image)?.role === "sso");
    const found: Found[] =
      behind.length > 0
        ? [{ level: "ok", sentence: `A login is asked for before Wakegate: ${behind.join(", ")}.` }]
        : [];
    if (!signOn || open.length === 0) return found;
    return [...found, ...open.map((probed) => unprotected(scene, probed, signOn.name))];
  },
};

/** A probe without a login reached Wakegate although there is somebody to ask for one. */
function unprotected(scene: Scene, probed: Probed, signOn: string): Found {
  return {
    level: "warning",
    target: probed.target,
    sentence: `A visitor of ${probed.host} without a login reaches Wakegate: strangers can wake ${probed.target}. If ${signOn} should protect it, it has to be asked first.`,
    evidence: [`${signOn} runs on this engine`],
    fix: proxyKinds(scene, probed).map((kind) => ssoLines(kind, siteOf(scene, probed))),
  };
}

const ROUTER = /^traefik\.http\.routers\.[^.]+\.middlewares$/i;

/** In Traefik's labels the order is written down. */
function wrongOrder({ spec, instance }: TargetScene): readonly Found[] {
  return Object.entries(instance?.labels ?? {}).flatMap(([key, value]): Found[] => {
    if (!ROUTER.test(key)) return [];
    const names = value.split(",").map((name) => name.trim());
    const ours = names.findIndex((name) => /wakegate/i.test(name));
    const theirs = names.findIndex((name) => SSO_NAME.test(name));
    if (ours < 0 || theirs < 0 || theirs < ours) return [];
    const better = names.filter((_, at) => at !== ours);
    better.splice(theirs, 0, names[ours] ?? "");
    return [
      {
        level: "problem",
        target: spec.name,
        sentence: `Wakegate is asked before the single sign-on of ${spec.name}: strangers wake it.`,
        evidence: [`${key}: ${value}`],
        fix: [{ where: labelsOf(spec), lines: `${key}: ${better.join(",")}` }],
      },
    ];
  });
}

const SSO_NAME = /authelia|authentik|oauth|tinyauth|keycloak|forward-?auth|sso|pocket-?id|zitadel|vouch/i;
