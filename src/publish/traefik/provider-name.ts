import type { PublishTarget } from "./input.ts";

/** What stands behind the @ of a name that a target's labels define, in Traefik's own reading of them. */
export type LabelProvider = "docker" | "swarm";

/** The provider of Traefik's that reads a target's labels. Version 2 reads Swarm services as `docker` too. */
export function providerOf(
  { spec }: Pick<PublishTarget, "spec">,
  [major]: readonly [number, number],
): LabelProvider {
  return spec.source.kind === "swarm" && major >= 3 ? "swarm" : "docker";
}

/** True for a name of labels, whichever provider reads them. */
export function isOfLabels(provider: string | undefined): boolean {
  return provider === undefined || provider === "docker" || provider === "swarm";
}

/** The name with its provider, where it has none yet. */
export function qualified(name: string, provider: LabelProvider): string {
  return name.includes("@") ? name : `${name}@${provider}`;
}
