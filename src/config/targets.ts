import { onceFor } from "../lib/once-for.ts";
import { didYouMean } from "./values/suggest.ts";
import { idOfWorkload } from "./values/kubernetes.ts";
import { formatRoute } from "./values/host-pattern.ts";
import { sourceProblems } from "./source-check.ts";
import { useProblems } from "./use-check.ts";
import { dependencyCycles, routeConflicts, unknownDependencies, type TargetPlace } from "./cross-check.ts";
import { machineOf, sourceOfMachine } from "./machines.ts";
import type { IssuePlaces } from "./file/issues.ts";
import { joinKeys } from "./file/issues.ts";
import { listenerConflicts } from "./listener-check.ts";
import { toOptions, type OptionsLayer } from "./layers.ts";
import type { FileTarget, Problem, RouteSpec, TargetSource, TargetSpec } from "./model.ts";
import type { EngineSpec } from "./model/engine.ts";
import type { ListenAddress } from "./model/stream.ts";
import { presetLayer, remarksOn } from "./presets.ts";
import { toTraefikTarget } from "./schema/publish.ts";
import type { DefaultsLayer, TargetLayer } from "./schema/target.ts";

/** Targets of the file, and what is wrong with them. */
export interface FileTargets {
  readonly fileTargets: readonly FileTarget[];
  readonly targets: readonly TargetSpec[];
  readonly problems: readonly Problem[];
}

/** Makes complete targets out of the file's layers, as far as they name their source. */
export function resolveTargets(
  layers: Readonly<Record<string, TargetLayer>>,
  defaults: DefaultsLayer,
  engines: readonly EngineSpec[],
  publicUrl: string | undefined,
  own: readonly ListenAddress[],
  places: IssuePlaces,
): FileTargets {
  const problems: Problem[] = [];
  const fileTargets = Object.entries(layers).map(([name, layer]): FileTarget => ({
    name,
    origin: places.whereKey(["targets", name]),
    layer,
  }));
  const targets: TargetSpec[] = [];
  for (const file of fileTargets) {
    const report: Report = (
      path,
      message,
      value = places.written(["targets", file.name, ...path]),
      severity = "error",
    ) => {
      const full = ["targets", file.name, ...path];
      const where = path.length === 0 ? places.whereKey(full) : places.where(full);
      problems.push({
        severity,
        where,
        key: joinKeys(full),
        ...(value === undefined ? {} : { value }),
        message,
      });
    };
    const source = resolveSource(file, engines, report);
    const spec = specOf(file, defaults, source);
    checkOne(file.layer, spec, publicUrl, report);
    if (source) targets.push(spec);
  }
  const place: TargetPlace = (target, path) => {
    const full = ["targets", target.name, ...path];
    return { where: places.where(full), key: joinKeys(full) };
  };
  const all = fileTargets.map((file) => specOf(file, defaults, undefined));
  problems.push(
    ...routeConflicts(all, place),
    ...dependencyCycles(all, place),
    ...listenerConflicts(all, own, place),
    ...sameContainer(targets, place),
  );
  if (engines.length === 0) {
    const names = new Set(fileTargets.map(({ name }) => name));
    const advice = `no target has this name, and no engine is configured whose containers could: name one of ${[...names].join(", ")}`;
    problems.push(...unknownDependencies(all, (_, dependency) => names.has(dependency.name), advice, place));
  }
  return { fileTargets, targets, problems };
}

/** Routes without repetitions. */
export function uniqueRoutes(routes: readonly RouteSpec[]): readonly RouteSpec[] {
  return [...new Map(routes.map((route) => [formatRoute(route), route])).values()];
}

type Report = (
  path: readonly (string | number)[],
  message: string,
  value?: string,
  severity?: Problem["severity"],
) => void;

function specOf(file: FileTarget, defaults: DefaultsLayer, source: TargetSource | undefined): TargetSpec {
  const { layer, name } = file;
  return {
    name,
    displayName: layer.display_name ?? name,
    origin: file.origin,
    source: source ?? { kind: "docker", engine: "", container: name },
    ...(layer.preset && { preset: layer.preset }),
    routes: uniqueRoutes(layer.hosts ?? []),
    ...(layer.tcp && { tcp: layer.tcp }),
    ...(layer.udp && { udp: layer.udp }),
    ...(layer.scope && { scope: layer.scope }),
    ...toTraefikTarget(layer.traefik),
    ...toOptions(defaultOptions(defaults), presetLayer(layer.preset), withoutHosts(layer)),
  };
}

/** The keys of a layer that are options. */
export function withoutHosts(layer: DefaultsLayer | TargetLayer): OptionsLayer {
  const {
    hosts: _hosts,
    docker: _docker,
    swarm: _swarm,
    command: _command,
    wol: _wol,
    proxmox: _proxmox,
    kubernetes: _kubernetes,
    process: _process,
    display_name: _name,
    tcp: _tcp,
    udp: _udp,
    traefik: _traefik,
    scope: _scope,
    ...options
  } = layer as TargetLayer;
  return options;
}

/** The same of the defaults, which all targets share. */
export const defaultOptions = onceFor((defaults: DefaultsLayer) => withoutHosts(defaults));

function resolveSource(
  file: FileTarget,
  engines: readonly EngineSpec[],
  report: Report,
): TargetSource | undefined {
  const { docker, swarm, proxmox, kubernetes, process, command, wol } = file.layer;
  const given = Object.entries({ docker, swarm, proxmox, kubernetes, process, command, wol }).flatMap(
    ([key, value]) => (value ? [key] : []),
  );
  if (given.length > 1) {
    report([given.at(-1) ?? ""], `expected ${given.join(" or ")}, not both: remove one`);
    return undefined;
  }
  if (proxmox) {
    const engine = chooseEngine("proxmox", proxmox.engine, engines, report);
    return engine === undefined ? undefined : { kind: "proxmox", engine, vmid: proxmox.vmid };
  }
  if (kubernetes) {
    const { namespace = "default", workload } = kubernetes;
    const engine = chooseEngine("kubernetes", kubernetes.engine, engines, report);
    return engine === undefined ? undefined : { kind: "kubernetes", engine, namespace, workload };
  }
  if (swarm) {
    const engine = chooseEngine("swarm", swarm.engine, engines, report);
    return engine === undefined ? undefined : { kind: "swarm", engine, service: swarm.service };
  }
  const machine = machineOf(file.name, file.layer);
  if (machine) return sourceOfMachine(machine);
  if (process) {
    const { command, cwd, env = {} } = process;
    return {
      kind: "process",
      engine: "process",
      process: { command, ...(cwd === undefined ? {} : { cwd }), env },
    };
  }
  if (!docker) {
    if (engines.length === 0) {
      report(
        [],
        "nothing says what to wake: add docker.container, process, command or wol (labels need an engine under providers.docker)",
      );
    }
    return undefined;
  }
  const engine = chooseEngine("docker", docker.engine, engines, report);
  return engine === undefined ? undefined : { kind: "docker", engine, container: docker.container };
}

const NO_ENGINE = {
  docker: "no Docker engine is configured: add providers.docker.local: unix:///var/run/docker.sock",
  swarm: "no Docker Swarm is configured: add providers.swarm.cluster: unix:///var/run/docker.sock",
  proxmox: "no Proxmox cluster is configured: add one under providers.proxmox",
  kubernetes: "no Kubernetes cluster is configured: add one under providers.kubernetes",
} as const;

function chooseEngine(
  kind: keyof typeof NO_ENGINE,
  wanted: string | undefined,
  engines: readonly EngineSpec[],
  report: Report,
): string | undefined {
  const names = engines.filter((engine) => engine.kind === kind).map(({ name }) => name);
  const [only, ...others] = names;
  if (only === undefined) {
    report([kind], NO_ENGINE[kind]);
    return undefined;
  }
  if (wanted === undefined && others.length > 0) {
    report([kind], `there are several engines: add engine, one of ${names.join(", ")}`);
    return undefined;
  }
  const engine = wanted ?? only;
  if (names.includes(engine)) return engine;
  report(
    [kind, "engine"],
    `no engine has this name, there is ${names.join(", ")}${didYouMean(engine, names)}`,
  );
  return undefined;
}

function checkOne(layer: TargetLayer, spec: TargetSpec, publicUrl: string | undefined, report: Report): void {
  const routes = (layer.hosts ?? []).map(formatRoute);
  for (const [index, route] of routes.entries()) {
    if (routes.indexOf(route) < index)
      report(["hosts", index], "this host is there twice: remove one", undefined, "warning");
  }
  for (const { path, message } of sourceProblems(layer, spec)) report(path, message);
  if (spec.pageMode === "redirect" && publicUrl === undefined && layer.page_mode === "redirect") {
    report(
      ["page_mode"],
      "redirect needs public_url, the public listener as browsers reach it: add it at the top of the file",
    );
  }
  for (const { key, message } of useProblems(spec)) {
    if (key in layer) report([key], message);
  }
  for (const { path, message, severity } of remarksOn(spec)) report(path, message, undefined, severity);
  if (layer.page?.logs && !spec.page.details) {
    report(["page", "logs"], "shows nothing without page.details: true", undefined, "warning");
  }
}

function sameContainer(targets: readonly TargetSpec[], place: TargetPlace): Problem[] {
  const owners = new Map<string, TargetSpec>();
  return targets.flatMap((target): Problem[] => {
    const { source } = target;
    if (source.kind === "process" || source.kind === "machine") return [];
    const ref = refOf(source);
    const owner = owners.get(`${source.engine} ${ref}`);
    if (!owner) owners.set(`${source.engine} ${ref}`, target);
    if (!owner) return [];
    const [key, what] = WORDS[source.kind];
    const message = `${owner.name} has this ${what} already: put all hosts on one target`;
    return [{ severity: "error", ...place(target, [source.kind, key]), value: ref, message }];
  });
}

const WORDS = {
  docker: ["container", "container"],
  swarm: ["service", "service"],
  proxmox: ["vmid", "guest"],
  kubernetes: ["workload", "workload"],
} as const;

function refOf(source: Exclude<TargetSource, { readonly kind: "process" | "machine" }>): string {
  switch (source.kind) {
    case "docker":
      return source.container;
    case "swarm":
      return source.service;
    case "proxmox":
      return String(source.vmid);
    case "kubernetes":
      return idOfWorkload(source);
  }
}
