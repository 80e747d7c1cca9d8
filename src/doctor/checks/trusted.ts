import { addressBlocks } from "../../lib/address-blocks.ts";
import type { Check } from "../check.ts";
import type { Found } from "../finding.ts";
import { outcomeOf } from "../outcome.ts";
import type { Scene } from "../scene.ts";

/** Does Wakegate believe the proxy, and nobody else? */
export const trusted: Check = {
  id: "trusted-proxies",
  title: "Trusted proxies",
  layer: "wakegate",
  judge(scene) {
    const peers = askingPeers(scene);
    const refused = peers.filter((peer) => !addressBlocks(scene.settings.trustedProxies).has(peer));
    const wide = everybody(scene.settings.trustedProxies);
    if (refused.length > 0) return [untrusted(scene, refused)];
    if (wide.length > 0) return [tooWide(wide, peers)];
    if (peers.length === 0)
      return [
        { level: "skipped", sentence: "No proxy has asked yet, so it is not known whether it is trusted." },
      ];
    const sentence = `What the proxy says of its visitors counts: ${peers.join(", ")}.`;
    return [
      {
        level: "ok",
        sentence,
        evidence: scene.settings.trustedProxiesSet
          ? []
          : ["trusted_proxies is not set: loopback and private addresses"],
      },
    ];
  },
};

/** Who asked in the name of our probes, or before. */
function askingPeers({ proxy }: Scene): readonly string[] {
  if (proxy.kind === "not-asked") return [];
  const probing = proxy.probes.flatMap((probed) => {
    const outcome = outcomeOf(probed);
    return outcome.kind === "asked" ? outcome.arrivals.map(({ peer }) => peer) : [];
  });
  return [...new Set([...probing, ...proxy.askers])];
}

function untrusted({ settings, mode }: Scene, refused: readonly string[]): Found {
  const kept = settings.trustedProxiesSet ? settings.trustedProxies : ["loopback", "private"];
  const entries = [...kept, ...refused].map((entry) => (entry.includes(":") ? `"${entry}"` : entry));
  return {
    level: "problem",
    sentence: `The proxy at ${refused.join(", ")} asks, but is not in trusted_proxies: each of its questions gets 403.`,
    evidence: [
      `trusted_proxies: ${settings.trustedProxies.join(", ")}`,
      `looked at ${mode === "service" ? "by the running service" : "from here"}`,
    ],
    fix: [
      { where: "wakegate.yaml", lines: `trusted_proxies: [${entries.join(", ")}]` },
      {
        where: "or Wakegate's environment",
        lines: `WAKEGATE_TRUSTED_PROXIES=${[...kept, ...refused].join(",")}`,
      },
    ],
  };
}

function everybody(blocks: readonly string[]): readonly string[] {
  return blocks.filter((block) => /^(0\.0\.0\.0|::)\/0$/.test(block));
}

function tooWide(wide: readonly string[], peers: readonly string[]): Found {
  return {
    level: "warning",
    sentence: `trusted_proxies holds ${wide.join(", ")}: whoever reaches Wakegate can pretend to be any visitor.`,
    ...(peers.length > 0 && {
      fix: [{ where: "wakegate.yaml", lines: `trusted_proxies: [${peers.join(", ")}]` }],
    }),
  };
}
