import type { Connection } from "../docker/connection.ts";
import type { Verb } from "../docker/errors.ts";
import { get } from "../docker/modem.ts";
import { isReference } from "../docker/reference.ts";
import { ProviderError } from "../provider.ts";

/** The fields of a service that are read. A specification goes back whole, with all that is not named here. */
export interface Service {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly CreatedAt: string;
  readonly Spec: ServiceSpec;
  /** The specification before the last update. */
  readonly PreviousSpec?: ServiceSpec;
  readonly Endpoint?: {
    readonly Ports?: readonly PublishedServicePort[];
    readonly VirtualIPs?: readonly { readonly NetworkID: string; readonly Addr?: string }[];
  };
}

export interface PublishedServicePort {
  readonly Protocol?: string;
  readonly TargetPort: number;
  readonly PublishedPort?: number;
  readonly PublishMode?: string;
}

export interface ServiceSpec {
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Mode: {
    readonly Replicated?: { readonly Replicas?: number };
    readonly Global?: unknown;
    readonly ReplicatedJob?: unknown;
    readonly GlobalJob?: unknown;
  };
  readonly TaskTemplate: {
    readonly ContainerSpec?: {
      readonly Image?: string;
      /** Nanoseconds. */
      readonly StopGracePeriod?: number;
      readonly StopSignal?: string;
      readonly TTY?: boolean;
    };
    readonly ForceUpdate?: number;
    readonly Networks?: readonly { readonly Target: string }[] | null;
  };
}

/** One container that the swarm wants, or wanted, somewhere. */
export interface Task {
  readonly ID: string;
  readonly ServiceID: string;
  readonly NodeID?: string;
  readonly CreatedAt: string;
  readonly DesiredState: string;
  readonly Status: {
    readonly State: string;
    readonly Timestamp?: string;
    readonly Err?: string;
    readonly ContainerStatus?: {
      readonly ContainerID?: string;
      readonly PID?: number;
      readonly ExitCode?: number;
    };
  };
  readonly NetworksAttachments?:
    | readonly {
        readonly Network: { readonly ID: string; readonly Spec: { readonly Name: string } };
        readonly Addresses?: readonly string[] | null;
      }[]
    | null;
}

/** All services, or the one of this name or id. */
export async function services(connection: Connection, signal: AbortSignal): Promise<readonly Service[]> {
  return (await ask(connection, "services", "/services", {}, signal)) as readonly Service[];
}

/** Exactly this service, undefined when the swarm does not know it. */
export async function service(
  connection: Connection,
  ref: string,
  signal: AbortSignal,
): Promise<Service | undefined> {
  if (!isReference(ref)) return undefined;
  try {
    const found = (await ask(connection, "services", `/services/${ref}`, {}, signal)) as Service;
    // The beginning of an id is taken for the whole.
    return found.ID === ref || found.Spec.Name === ref ? found : undefined;
  } catch (error) {
    if (error instanceof ProviderError && error.code === "not_found") return undefined;
    throw error;
  }
}

/** The tasks of these services, or all. */
export async function tasks(
  connection: Connection,
  of: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly Task[]> {
  if (of?.length === 0) return [];
  return (await ask(connection, "tasks", "/tasks", of ? { service: of } : {}, signal)) as readonly Task[];
}

/** Names of the swarm's networks by id. */
export async function networkNames(
  connection: Connection,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const found = (await ask(connection, "networks", "/networks", { scope: ["swarm"] }, signal)) as readonly {
    readonly Id: string;
    readonly Name: string;
  }[];
  return new Map(found.map(({ Id, Name }) => [Id, Name]));
}

/**
 * Replaces a service's specification. The registry's password stays as it is.
 *
 * @throws ProviderError as for every call; {@link isOutdated} tells the one that asks for another try.
 */
export async function update(
  connection: Connection,
  { ID, Version }: Service,
  spec: ServiceSpec,
  signal: AbortSignal,
): Promise<void> {
  const query = { version: Version.Index, registryAuthFrom: "spec" };
  await connection.call("scale", signal, (docker, abortSignal) =>
    docker.getService(ID).update({ _query: query, _body: spec, abortSignal }),
  );
}

/** Somebody else changed the service since it was read. */
export function isOutdated(error: unknown): boolean {
  return error instanceof ProviderError && /update out of sequence/i.test(error.message);
}

async function ask(
  connection: Connection,
  verb: Verb,
  path: string,
  filters: Readonly<Record<string, readonly string[]>>,
  signal: AbortSignal,
): Promise<unknown> {
  const query =
    Object.keys(filters).length > 0 ? `?filters=${encodeURIComponent(JSON.stringify(filters))}` : "";
  return connection.call(verb, signal, (docker, abortSignal) => get(docker, path + query, abortSignal));
}
