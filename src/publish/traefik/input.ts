import type { Problem, TargetSpec } from "../../config/model.ts";
import type { JsonObject } from "./json.ts";
import type { TraefikVersion } from "./version.ts";

/** What of a target is published. */
export type PublishSpec = Pick<TargetSpec, "name" | "routes" | "port" | "address" | "tcp" | "traefik"> &
  Partial<Pick<TargetSpec, "scheme" | "stream" | "presets">>;

/** One target as it is published. Nothing of it changes when the target wakes or sleeps. */
export interface PublishTarget {
  readonly spec: PublishSpec;
  /** It cannot be served: its routes are kept, and Wakegate answers 503 on them. */
  readonly broken?: true;
  /** Its labels are those of a Swarm service. */
  readonly swarm?: true;
  /** Labels of its container; empty where there is none. */
  readonly labels: Readonly<Record<string, string>>;
  /** `container blog (local)`, for warnings. */
  readonly where: string;
  /**
   * The name at which Docker's DNS finds it: its container's, its Swarm service's, or the one of the container
   * whose network it uses. Unset: it has none (host network, local program), so that only `address` leads there.
   */
  readonly host?: string;
  /** TCP ports that its image declares, ascending. */
  readonly exposedPorts: readonly number[];
}

/** What holds for the whole document. */
export interface PublishOptions {
  /** Wakegate's listeners as Traefik reaches them, without a slash at the end. */
  readonly internalUrl: string;
  readonly publicUrl: string;
  /** The oldest Traefik that has to understand the document. */
  readonly version: TraefikVersion;
  /** For targets without labels of Traefik's. */
  readonly entryPoints: readonly string[];
  readonly certResolver?: string;
  readonly middlewares: readonly string[];
  /** Monitors get a good answer while the app sleeps. */
  readonly monitors?: boolean;
  /** Running apps stay reachable while Wakegate is away. */
  readonly failOpen?: FailOpenOptions;
}

/** An entry point of Traefik's own that only Traefik reaches. */
export interface FailOpenOptions {
  readonly entryPoint: string;
  /** Its port on Traefik's loopback. */
  readonly port: number;
}

/** The document, and what had to be left out of it. */
export interface Published {
  /** JSON text: the same input gives the same bytes. */
  readonly text: string;
  readonly warnings: readonly Problem[];
}

/** The parts of the document that belong to one protocol, by name. */
export interface Section {
  readonly routers: Readonly<Record<string, JsonObject>>;
  readonly services: Readonly<Record<string, JsonObject>>;
  readonly middlewares: Readonly<Record<string, JsonObject>>;
}

/** Takes one warning about a target's label or key. */
export type Warn = (key: string, value: string | undefined, message: string) => void;
