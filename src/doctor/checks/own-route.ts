import type { Check } from "../check.ts";
import type { Found } from "../finding.ts";
import { ownRouteLines } from "../lines.ts";
import { outcomeOf } from "../outcome.ts";
import { placesOf } from "../places.ts";
import { proxyKinds } from "../proxy-kind.ts";
import type { Probed, Scene } from "../scene.ts";
import { siteOf } from "../site.ts";

/** Does `/.wakegate/` of each host lead to the public listener, where the loading page's events are? */
export const ownRoute: Check = {
  id: "own-route",
  title: "/.wakegate/ route",
  layer: "proxy",
  judge(scene) {
    if (scene.proxy.kind === "not-asked") return [];
    const answered = scene.proxy.probes.filter(({ own }) => own.reply.kind === "answered");
    if (answered.length === 0) return [{ level: "skipped", sentence: "The proxy was not reached." }];
    const found = answered.flatMap((probed) => judgeOne(scene, probed));
    if (found.length > 0) return found;
    return [{ level: "ok", sentence: "Loading pages get their events live: /.wakegate/ leads to Wakegate." }];
  },
};

function judgeOne(scene: Scene, probed: Probed): readonly Found[] {
  const { target, host, own } = probed;
  if (own.arrivals.some(({ door }) => door === "public")) return [];
  const inBand = own.arrivals.some(({ door }) => door === "authz");
  const asked = outcomeOf(probed).kind;
  // Without the question, or behind a login, the route is not what is missing first.
  if (!inBand && asked !== "asked") return [];
  return [
    {
      level: "warning",
      target,
      sentence: inBand
        ? `/.wakegate/ of ${host} has no route to the public listener: the loading page works, but asks again and again in place of following live.`
        : `/.wakegate/ of ${host} leads to somebody else: the loading page cannot follow the wake.`,
      evidence: [
        own.reply.kind === "answered"
          ? `GET ${host}/.wakegate/events answered ${String(own.reply.status)}`
          : own.reply.message,
      ],
      fix: proxyKinds(scene, probed).map((kind) =>
        ownRouteLines(kind, placesOf(scene), siteOf(scene, probed)),
      ),
    },
  ];
}
