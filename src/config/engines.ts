import { statSync } from "node:fs";
import type { EnvironmentReading } from "./environment.ts";
import type { IssuePlaces } from "./file/issues.ts";
import type { Problem } from "./model.ts";
import type { EngineSpec } from "./model/engine.ts";
import { resolveKubernetes } from "./kubernetes-engines.ts";
import { resolveProxmox } from "./proxmox-engines.ts";
import type { FileLayer } from "./schema.ts";

/** Where Docker listens by default. */
const DEFAULT_SOCKET = "/var/run/docker.sock";

/**
 * Engines that the configuration names; of Docker's, else the one that is there by default, called `local`. Machines
 * are engines of their own, made of their targets.
 */
export function resolveEngines(
  layer: FileLayer,
  environment: EnvironmentReading,
  places: IssuePlaces,
  socketExists?: (path: string) => boolean,
): Engines {
  const docker = resolveDocker(layer, environment, places, socketExists);
  const swarm = configuredEngines("swarm", layer.providers?.swarm ?? {}, places);
  const taken = new Set(docker.engines.map(({ name }) => name));
  const twice = swarm.engines
    .filter(({ name }) => taken.has(name))
    .map(({ name }) => nameTaken(name, places));
  for (const { name } of swarm.engines) taken.add(name);
  const proxmox = resolveProxmox(layer.providers?.proxmox ?? {}, environment, places, taken);
  for (const { name } of proxmox.engines) taken.add(name);
  const kubernetes = resolveKubernetes(layer.providers?.kubernetes ?? {}, places, taken);
  return {
    engines: [...docker.engines, ...swarm.engines, ...proxmox.engines, ...kubernetes.engines],
    problems: [...docker.problems, ...swarm.problems, ...twice, ...proxmox.problems, ...kubernetes.problems],
  };
}

interface Engines {
  readonly engines: readonly EngineSpec[];
  readonly problems: readonly Problem[];
}

function nameTaken(name: string, places: IssuePlaces): Problem {
  const path = ["providers", "swarm", name];
  const message = `a Docker engine is called ${name} already: give the swarm another name`;
  return { severity: "error", where: places.whereKey(path), key: path.join("."), message };
}

function resolveDocker(
  layer: FileLayer,
  environment: EnvironmentReading,
  places: IssuePlaces,
  socketExists: (path: string) => boolean = isSocket,
): Engines {
  const configured = layer.providers?.docker;
  if (configured) return configuredEngines("docker", configured, places);
  // Who names only a swarm means the daemon that is there as its manager.
  if (layer.providers?.swarm && Object.keys(layer.providers.swarm).length > 0) return NONE;
  const { dockerHost } = environment;
  if (dockerHost?.ok) return { engines: [dockerHost.value], problems: [] };
  if (dockerHost) {
    const problem = {
      severity: "error",
      where: "environment",
      key: "DOCKER_HOST",
      message: dockerHost.message,
    } as const;
    return { engines: [], problems: [problem] };
  }
  if (!socketExists(DEFAULT_SOCKET)) return { engines: [], problems: [] };
  return { engines: [{ kind: "docker", name: "local", url: `unix://${DEFAULT_SOCKET}` }], problems: [] };
}

const NONE: Engines = { engines: [], problems: [] };

function configuredEngines(
  kind: "docker" | "swarm",
  configured: Readonly<Record<string, string | EngineGroup>>,
  places: IssuePlaces,
): Engines {
  const problems: Problem[] = [];
  const engines = Object.entries(configured).map(([name, given]): EngineSpec => {
    if (typeof given === "string") return { kind, name, url: given };
    const path = ["providers", kind, name];
    const message = name === "process" ? undefined : tlsMessage(given);
    if (message !== undefined) {
      problems.push({ severity: "error", where: places.where(path), key: path.join("."), message });
    }
    const { url, ca_file: caFile, cert_file: certFile, key_file: keyFile, inside } = given;
    const tls = {
      ...(caFile === undefined ? {} : { caFile }),
      ...(certFile === undefined ? {} : { certFile }),
      ...(keyFile === undefined ? {} : { keyFile }),
    };
    return {
      kind,
      name,
      url,
      ...(Object.keys(tls).length > 0 ? { tls } : {}),
      ...(inside === undefined ? {} : { inside }),
    };
  });
  if (Object.hasOwn(configured, "process")) {
    const path = ["providers", kind, "process"];
    const message = "this name belongs to local programs: give the engine another";
    problems.push({ severity: "error", where: places.whereKey(path), key: path.join("."), message });
  }
  return { engines, problems };
}

interface EngineGroup {
  readonly url: string;
  readonly ca_file?: string;
  readonly cert_file?: string;
  readonly key_file?: string;
  readonly inside?: string;
}

function tlsMessage({ url, ca_file, cert_file, key_file }: EngineGroup): string | undefined {
  if (ca_file === undefined && cert_file === undefined && key_file === undefined) return undefined;
  if (!/^(tcp|https):/.test(url)) return "TLS files need a url with tcp:// or https://";
  if ((cert_file === undefined) !== (key_file === undefined)) {
    return "expected cert_file and key_file together: each is of no use alone";
  }
  if (url.startsWith("tcp:") && (ca_file === undefined || cert_file === undefined)) {
    return "expected ca_file, cert_file and key_file, all three, for TLS over tcp://";
  }
  return undefined;
}

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}
