import type { Check } from "../check.ts";
import type { Found } from "../finding.ts";
import { addressLines, askLines } from "../lines.ts";
import { outcomeOf } from "../outcome.ts";
import { placesOf } from "../places.ts";
import { proxyKinds } from "../proxy-kind.ts";
import type { Probed, Scene } from "../scene.ts";
import { siteOf } from "../site.ts";
import { lostRoute } from "./survival.ts";

/** Does the proxy really ask before it lets anybody through? Proved by a request that only we know. */
export const forwardAuth: Check = {
  id: "forward-auth",
  title: "Proxy asks",
  layer: "proxy",
  judge(scene) {
    const { proxy } = scene;
    if (proxy.kind === "not-asked") return [{ level: "skipped", sentence: proxy.why }];
    if (proxy.entry === undefined) return [noEntry(proxy.missed)];
    const found = proxy.probes.flatMap((probed) => judgeOne(scene, probed, proxy.entry ?? ""));
    const asked = proxy.probes.filter((probed) => outcomeOf(probed).kind === "asked");
    if (asked.length === 0) return found;
    const hosts = asked.map(({ host }) => host);
    const sentence = `The proxy asks Wakegate before it lets anybody through to ${hosts.length > 3 ? `${String(hosts.length)} hosts` : hosts.join(", ")}.`;
    const peers = [...new Set(asked.flatMap(({ arrivals }) => arrivals.map(({ peer }) => peer)))];
    return [
      {
        level: "ok",
        sentence,
        evidence: [`probed through ${proxy.entry}`, `asked by ${peers.join(", ")}`, ...hosts],
      },
      ...found,
    ];
  },
};

function noEntry(missed: readonly string[]): Found {
  return {
    level: "skipped",
    sentence:
      missed.length === 0
        ? "No target has a host of its own, so there is nothing to ask the proxy for."
        : "No proxy was found from here: name its address.",
    evidence: missed,
    fix:
      missed.length === 0
        ? []
        : [{ where: "in a shell", lines: "wakegate doctor --proxy https://<address of the proxy>" }],
  };
}

function judgeOne(scene: Scene, probed: Probed, entry: string): readonly Found[] {
  const { target, host, reply } = probed;
  const outcome = outcomeOf(probed);
  const places = placesOf(scene);
  const kinds = proxyKinds(scene, probed);
  const evidence = [`GET ${host}${probed.path} through ${entry}`, ...answerOf(reply)];
  switch (outcome.kind) {
    case "asked": {
      const { arrivals } = outcome;
      const permitOnly =
        arrivals.some(({ at }) => at.role === "permit") && !arrivals.some(({ at }) => at.role === "answer");
      if (!permitOnly) return [];
      return [
        {
          level: "problem",
          target,
          sentence: `nginx asks for ${host}, but shows its own 401 in place of what Wakegate answers: no page and no reason reaches the visitor.`,
          evidence,
          fix: [
            {
              where: `nginx, in the location of ${host}, after auth_request`,
              lines: "error_page 401 = @wakegate;",
            },
          ],
        },
      ];
    }
    case "wrong-address":
      return [
        {
          level: "problem",
          target,
          sentence: `The proxy asks for ${host} at the wrong address, ${outcome.path}: it gets 404, and lets nobody through.`,
          evidence: [...evidence, `asked by ${outcome.peer}`],
          fix: kinds.map((kind) => addressLines(kind, places, siteOf(scene, probed))),
        },
      ];
    case "catch-all":
      return scene.settings.catchAll === "off"
        ? [
            {
              level: "problem",
              target,
              sentence: `The proxy sends visitors of ${host} to Wakegate's public listener, and catch_all is off: they get 404.`,
              evidence,
              fix: [{ where: "wakegate.yaml", lines: "catch_all: wake" }],
            },
          ]
        : [
            {
              level: "ok",
              target,
              sentence: `${host} sleeps, and its visitors come to the catch-all.`,
              evidence,
            },
          ];
    case "login":
      return [
        {
          level: "skipped",
          target,
          sentence: `A login is asked for before Wakegate at ${host} (${outcome.to}), as it should be; what comes after it cannot be seen without one.`,
          evidence: [...evidence, ...lastUse(scene, target)],
        },
      ];
    case "elsewhere":
      return [
        {
          level: "skipped",
          target,
          sentence: `The proxy only sends ${host} on to ${outcome.to}: ask there.`,
          evidence,
          fix: [{ where: "in a shell", lines: "wakegate doctor --proxy https://<address of the proxy>" }],
        },
      ];
    case "unreachable":
      return [{ level: "skipped", target, sentence: `The proxy did not answer for ${host}.`, evidence }];
    case "passed":
      if (lostRoute(scene, probed)) return [];
      return [
        {
          level: "problem",
          target,
          sentence:
            outcome.status >= 500 && outcome.status !== 503
              ? `The proxy answered ${String(outcome.status)} for ${host} and did not ask Wakegate: it has no such question, or does not reach ${places.internal}.`
              : `The proxy lets requests for ${host} through without asking Wakegate: nobody wakes ${target}, and no request counts as use.`,
          evidence,
          fix: kinds.map((kind) => askLines(kind, places, siteOf(scene, probed))),
        },
      ];
  }
}

function answerOf(reply: Probed["reply"]): readonly string[] {
  if (reply.kind === "failed") return [reply.message];
  const { status, server, location } = reply;
  return [
    `answered ${String(status)}${server === undefined ? "" : `, Server: ${server}`}${location === undefined ? "" : `, Location: ${location}`}`,
  ];
}

function lastUse(scene: Scene, target: string): readonly string[] {
  const at = scene.targets.find(({ spec }) => spec.name === target)?.lastUseAt;
  return at === undefined ? [] : [`last let through at ${new Date(at).toISOString()}`];
}
