import { didYouMean } from "./values/suggest.ts";
import { formatRoute } from "./values/host-pattern.ts";
import { useProblems } from "./use-check.ts";
import { dependencyCycles, routeConflicts, unknownDependencies, type TargetPlace } from "./cross-check.ts";
import type { IssuePlaces } from "./file/issues.ts";
import { joinKeys } from "./file/issues.ts";
import { overlay, toOptions, type OptionsLayer } from "./layers.ts";
import type { EngineSpec, FileTarget, Problem, RouteSpec, TargetSource, TargetSpec } from "./model.ts";
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
    routes: uniqueRoutes(layer.hosts ?? []),
    ...toOptions(withoutHosts(defaults), withoutHosts(layer)),
  };
}

/** The keys of a layer that are options. */
export function withoutHosts(layer: DefaultsLayer | TargetLayer): OptionsLayer {
  const {
    hosts: _hosts,
    docker: _docker,
    process: _process,
    display_name: _name,
    ...options
  } = overlay<TargetLayer>(layer as TargetLayer);
  return options;
}

function resolveSource(
  file: FileTarget,
  engines: readonly EngineSpec[],
  report: Report,
): TargetSource | undefined {
  const { docker, process } = file.layer;
  if (docker && process) {
    report(["process"], "expected docker or process, not both: remove one");
    return undefined;
  }
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
        "nothing says what to wake: add docker.container or process.command (labels need an engine under providers.docker)",
      );
    }
    return undefined;
  }
  const names = engines.map(({ name }) => name);
  const [only, ...others] = names;
  if (only === undefined) {
    report(
      ["docker"],
      "no Docker engine is configured: add providers.docker.local: unix:///var/run/docker.sock",
    );
    return undefined;
  }
  if (docker.engine === undefined && others.length > 0) {
    report(["docker"], `there are several engines: add engine, one of ${names.join(", ")}`);
    return undefined;
  }
  const engine = docker.engine ?? only;
  if (!names.includes(engine)) {
    report(
      ["docker", "engine"],
      `no engine has this name, there is ${names.join(", ")}${didYouMean(engine, names)}`,
    );
    return undefined;
  }
  return { kind: "docker", engine, container: docker.container };
}

function checkOne(layer: TargetLayer, spec: TargetSpec, publicUrl: string | undefined, report: Report): void {
  const routes = (layer.hosts ?? []).map(formatRoute);
  for (const [index, route] of routes.entries()) {
    if (routes.indexOf(route) < index)
      report(["hosts", index], "this host is there twice: remove one", undefined, "warning");
  }
  if (layer.process && spec.stopMethod === "pause") {
    report(["stop_method"], "a local program cannot be paused: write stop_method: stop on this target");
  }
  if (spec.pageMode === "redirect" && publicUrl === undefined && layer.page_mode === "redirect") {
    report(
      ["page_mode"],
      "redirect needs public_url, the public listener as browsers reach it: add it at the top of the file",
    );
  }
  if (layer.process && spec.pauseAfterMs !== undefined) {
    report(["pause_after"], "a local program cannot be paused: remove pause_after");
  }
  for (const { key, message } of useProblems(spec)) {
    if (key in layer) report([key], message);
  }
  if (layer.page?.logs && !spec.page.details) {
    report(["page", "logs"], "shows nothing without page.details: true", undefined, "warning");
  }
}

function sameContainer(targets: readonly TargetSpec[], place: TargetPlace): Problem[] {
  const owners = new Map<string, TargetSpec>();
  return targets.flatMap((target): Problem[] => {
    if (target.source.kind !== "docker") return [];
    const { engine, container } = target.source;
    const owner = owners.get(`${engine} ${container}`);
    if (!owner) owners.set(`${engine} ${container}`, target);
    if (!owner) return [];
    const message = `${owner.name} has this container already: put all hosts on one target`;
    return [{ severity: "error", ...place(target, ["docker", "container"]), value: container, message }];
  });
}
