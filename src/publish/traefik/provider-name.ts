import type { PublishTarget } from "./input.ts";

/** What stands behind the @ of a name that a target's labels define, in Traefik's own reading of them. */
export type LabelProvider = "docker" | "swarm";

/** The provider of Traefik's that reads a target's labels. Version 2 reads Swarm services as `docker` too. */
export function providerOf(
  { swarm }: Pick<PublishTarget, "swarm">,
  [major]: readonly [number, number],
): LabelProvider {
  return swarm && major >= 3 ? "swarm" : "docker";
}

/** The same for targets by name. */
export function providersOf(
  targets: readonly PublishTarget[],
  version: readonly [number, number],
): (target: string) => LabelProvider {
  const providers = new Map(targets.map((target) => [target.spec.name, providerOf(target, version)]));
  return (target) => providers.get(target) ?? "docker";
}

/** True for a name of labels, whichever provider reads them. */
export function isOfLabels(provider: string | undefined): boolean {
  return provider === undefined || provider === "docker" || provider === "swarm";
}

/** The name with its provider, where it has none yet. */
export function withProvider(name: string, provider: LabelProvider): string {
  return name.includes("@") ? name : `${name}@${provider}`;
}
