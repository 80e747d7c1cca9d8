import type { TargetSpec } from "../../../src/config/model.ts";
import type { PublishOptions, PublishTarget } from "../../../src/publish/traefik/input.ts";
import { publish } from "../../../src/publish/traefik/publish.ts";
import { targetSpec } from "../../support/fake-target.ts";

/** A router, service or middleware of the document. */
export type Part = Readonly<Record<string, unknown>>;

/** The document as a value, and the warnings as lines. */
export interface Seen {
  readonly text: string;
  readonly routers: Readonly<Record<string, Part>>;
  readonly services: Readonly<Record<string, Part>>;
  readonly middlewares: Readonly<Record<string, Part>>;
  readonly tcp: Readonly<Record<"routers" | "services" | "middlewares", Readonly<Record<string, Part>>>>;
  readonly warnings: readonly string[];
}

/** Options that most tests are content with. */
export const OPTIONS: PublishOptions = {
  internalUrl: "http://wakegate:9190",
  publicUrl: "http://wakegate:9191",
  version: [3, 0],
  entryPoints: [],
  middlewares: [],
};

/** A container with these labels, without its prefix `traefik.http.`. */
export function target(
  name: string,
  labels: Readonly<Record<string, string>> = {},
  changes: Partial<Omit<PublishTarget, "spec">> & { readonly spec?: Partial<TargetSpec> } = {},
): PublishTarget {
  const { spec, ...rest } = changes;
  return {
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [`traefik.http.${key}`, value])),
    where: `container ${name} (local)`,
    host: name,
    exposedPorts: [8080],
    ...rest,
    spec: targetSpec(name, spec),
  };
}

/** Publishes and reads the document. */
export function seen(targets: readonly PublishTarget[], options: Partial<PublishOptions> = {}): Seen {
  const { text, warnings } = publish(targets, { ...OPTIONS, ...options });
  const { http = {}, tcp = {} } = JSON.parse(text) as Readonly<
    Partial<Record<"http" | "tcp", Partial<Record<string, Seen["routers"]>>>>
  >;
  return {
    text,
    routers: http["routers"] ?? {},
    services: http["services"] ?? {},
    middlewares: http["middlewares"] ?? {},
    tcp: {
      routers: tcp["routers"] ?? {},
      services: tcp["services"] ?? {},
      middlewares: tcp["middlewares"] ?? {},
    },
    warnings: warnings.map(({ where, key, message }) => `${where} ${key}: ${message}`),
  };
}
