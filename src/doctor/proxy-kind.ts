import type { InstanceSummary } from "../providers/provider.ts";
import { knownImage } from "./known-images.ts";
import type { Probed, Scene } from "./scene.ts";

/** The proxies that there are recipes for. */
export type ProxyKind = "caddy" | "nginx" | "traefik";

/** Which proxy stands before a target; several when nothing tells. The likeliest first. */
export function proxyKinds(scene: Scene, probed: Probed | undefined): readonly ProxyKind[] {
  const told = probed && toldBy(probed);
  if (told) return [told];
  const labels = probed && scene.targets.find(({ spec }) => spec.name === probed.target)?.instance?.labels;
  if (labels && Object.keys(labels).some((key) => /^traefik\.http\./i.test(key))) return ["traefik"];
  if (labels && Object.keys(labels).some((key) => /^caddy(_\d+)?(\.|$)/.test(key))) return ["caddy"];
  const running = new Set(proxies(scene).flatMap(({ image }) => kindOfImage(image) ?? []));
  return running.size === 1 ? [...running] : ["caddy", "nginx", "traefik"];
}

/** Containers that are proxies by their image. */
export function proxies({ engines }: Pick<Scene, "engines">): readonly InstanceSummary[] {
  return engines.flatMap(({ instances }) =>
    instances.filter(({ image, status }) => status === "running" && knownImage(image)?.role === "proxy"),
  );
}

function toldBy({ reply, arrivals }: Probed): ProxyKind | undefined {
  for (const arrival of arrivals)
    if (arrival.door === "authz" && arrival.at.dialect === "nginx") return "nginx";
  const server = reply.kind === "answered" ? (reply.server ?? "") : "";
  if (/caddy/i.test(server)) return "caddy";
  // An app's own nginx is passed through by other proxies: only what a proxy itself answered is a proof.
  return /nginx|openresty/i.test(server) && reply.kind === "answered" && reply.status >= 400
    ? "nginx"
    : undefined;
}

function kindOfImage(image: string): ProxyKind | undefined {
  if (/traefik/i.test(image)) return "traefik";
  if (/caddy/i.test(image)) return "caddy";
  return /nginx|swag/i.test(image) ? "nginx" : undefined;
}
