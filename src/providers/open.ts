import type { ProcessSpec } from "../config/model.ts";
import type {
  DockerEngineSpec,
  EngineSpec,
  KubernetesEngineSpec,
  ProxmoxEngineSpec,
  SwarmEngineSpec,
} from "../config/model/engine.ts";
import type { MachineEngineSpec } from "../config/model/machine.ts";
import type { Clock } from "../lib/clock.ts";
import type { InsideOptions } from "./inside/provider.ts";
import type { ProcessProvider } from "./process/provider.ts";
import type { Provider } from "./provider.ts";

/** What every provider is given. */
export interface ProviderDeps {
  readonly clock: Clock;
  /** Where a provider says what is no event and no failure, such as the API version it settled on. */
  readonly log?: ProviderLog;
  /** Folder for what a later Wakegate must know. Unset: nothing is kept. */
  readonly stateDir?: string;
}

/** A structured line of log. */
export type ProviderLog = (
  level: "debug" | "info" | "warn",
  message: string,
  data: Readonly<Record<string, unknown>>,
) => void;

/**
 * The provider of a configured engine. Its code is loaded here and not before: dockerode alone costs 0.1 s.
 * Nothing is connected yet; an engine that is down is told by `watch`.
 *
 * @throws ProviderError `not_supported` for an address that no provider speaks.
 */
export async function openProvider(spec: EngineSpec, deps: ProviderDeps): Promise<Provider> {
  switch (spec.kind) {
    case "docker":
      return openDocker(spec, deps);
    case "swarm":
      return openSwarm(spec, deps);
    case "proxmox":
      return openProxmox(spec, deps);
    case "kubernetes":
      return openKubernetes(spec, deps);
    case "command":
    case "wol":
      return openMachine(spec, deps);
  }
}

async function openMachine(spec: MachineEngineSpec, deps: ProviderDeps): Promise<Provider> {
  const { MachineProvider } = await import("./machine/provider.ts");
  if (spec.kind === "command") {
    const { commandControls } = await import("./command/controls.ts");
    return new MachineProvider(spec, commandControls(spec, deps.clock), deps);
  }
  const { wolControls } = await import("./wol/controls.ts");
  return new MachineProvider(spec, wolControls(spec, deps.clock), deps);
}

async function openSwarm(spec: SwarmEngineSpec, deps: ProviderDeps): Promise<Provider> {
  const { SwarmProvider } = await import("./swarm/provider.ts");
  return new SwarmProvider(spec, deps);
}

async function openProxmox(spec: ProxmoxEngineSpec, deps: ProviderDeps): Promise<Provider> {
  const { ProxmoxProvider } = await import("./proxmox/provider.ts");
  return new ProxmoxProvider(spec, deps);
}

async function openKubernetes(spec: KubernetesEngineSpec, deps: ProviderDeps): Promise<Provider> {
  const { KubernetesProvider } = await import("./kubernetes/provider.ts");
  return new KubernetesProvider(spec, deps);
}

async function openDocker(spec: DockerEngineSpec, deps: ProviderDeps): Promise<Provider> {
  const { DockerProvider } = await import("./docker/provider.ts");
  return new DockerProvider(spec, deps);
}

/** An engine inside of a machine that sleeps too. Takes ownership of the engine. */
export async function openInside(inner: Provider, options: InsideOptions): Promise<Provider> {
  const { InsideProvider } = await import("./inside/provider.ts");
  return new InsideProvider(inner, options);
}

/**
 * The provider of local child processes, by target name. Records of running ones live in
 * `<stateDir>/processes`, so that a restarted Wakegate finds them again.
 */
export async function openProcessProvider(
  specs: ReadonlyMap<string, ProcessSpec>,
  deps: ProviderDeps & { readonly stateDir: string },
): Promise<ProcessProvider> {
  const { ProcessProvider } = await import("./process/provider.ts");
  return new ProcessProvider(specs, deps);
}
