import type { Check } from "../check.ts";
import type { Found } from "../finding.ts";
import { describeLines, wholePathLines } from "../lines.ts";
import { outcomeOf, type Outcome } from "../outcome.ts";
import { placesOf } from "../places.ts";
import { proxyKinds } from "../proxy-kind.ts";
import type { Probed, Scene } from "../scene.ts";
import { siteOf } from "../site.ts";

/** Does the proxy describe the request that it holds as it was sent? */
export const forwarded: Check = {
  id: "forwarded-headers",
  title: "Forwarded headers",
  layer: "proxy",
  judge(scene) {
    if (scene.proxy.kind === "not-asked") return [];
    const asked = scene.proxy.probes.flatMap((probed) => {
      const outcome = outcomeOf(probed);
      return outcome.kind === "asked" ? [{ probed, outcome }] : [];
    });
    if (asked.length === 0)
      return [
        { level: "skipped", sentence: "The proxy has not asked, so it has not described anything either." },
      ];
    const found = asked.flatMap(({ probed, outcome }) => judgeOne(scene, probed, outcome));
    if (found.length > 0) return found;
    return [
      { level: "ok", sentence: "The proxy describes requests as they were sent: method, host and path." },
    ];
  },
};

function judgeOne(
  scene: Scene,
  probed: Probed,
  { arrivals }: Extract<Outcome, { kind: "asked" }>,
): readonly Found[] {
  const { target, host, path } = probed;
  const site = siteOf(scene, probed);
  const fix = proxyKinds(scene, probed).map((kind) => describeLines(kind, placesOf(scene), site));
  const wrong = arrivals.find((arrival) => arrival.wrong.length > 0);
  if (wrong) {
    const sentence = `The proxy's question for ${host} is not complete, so Wakegate refuses it: ${wrong.wrong.join(", ")}.`;
    return [{ level: "problem", target, sentence, evidence: [`asked by ${wrong.peer}`], fix }];
  }
  const other = arrivals.find(({ facts }) => facts && facts.host !== host);
  if (other?.facts) {
    return [
      {
        level: "problem",
        target,
        sentence: `A visitor of ${host} is told to Wakegate as one of ${other.facts.host}: ${target} is not found by that name.`,
        evidence: [`asked by ${other.peer}`],
        fix: [
          ...fix,
          {
            where: `${site.labels}, if that is meant`,
            lines: `wakegate.hosts: ${host},${other.facts.host}`,
          },
        ],
      },
    ];
  }
  const moved = arrivals.find(({ facts }) => facts && !samePath(facts.path, path));
  if (!moved?.facts) return [];
  if (isStripped(moved.facts.path, path)) {
    return [
      {
        level: "problem",
        target,
        sentence: `The proxy removes ${path} from the path at ${host} before it asks Wakegate, which then looks up ${moved.facts.path}: ${target} does not wake, or another target does.`,
        evidence: [`asked by ${moved.peer}`],
        fix: proxyKinds(scene, probed).map((kind) => wholePathLines(kind, site)),
      },
    ];
  }
  return [
    {
      level: "warning",
      target,
      sentence: `The proxy tells Wakegate another path than the visitor's at ${host}: ${moved.facts.path} in place of ${path}. Rules and prefixes go by what it tells.`,
      evidence: [`asked by ${moved.peer}`],
      fix,
    },
  ];
}

/** The path that the proxy tells is the visitor's without its beginning. */
function isStripped(told: string, sent: string): boolean {
  return told === "/" || sent.endsWith(told);
}

function samePath(a: string, b: string): boolean {
  return a.replace(/\/$/, "") === b.replace(/\/$/, "");
}
