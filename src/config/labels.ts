import type { LabelSource } from "../providers/provider.ts";
import { networkNameOf, readComposeLabels, type ComposeLabels } from "./labels/compose.ts";
import { discover, displayNameByRule, hostsByRule, nameByRule } from "./discover.ts";
import { findFileTarget } from "./labels/file-target.ts";
import { readForeignLabels } from "./labels/foreign/foreign.ts";
import { readIngress } from "./labels/ingress.ts";
import { readProxyLabels, type ProxyLabels } from "./labels/proxy-labels.ts";
import { LABEL_PREFIX, readWakegateLabels, type WakegateLabels } from "./labels/wakegate.ts";
import { toOptions } from "./layers.ts";
import type { FileTarget, Problem, RouteSpec, Settings, TargetSource, TargetSpec } from "./model.ts";
import type { EngineSpec } from "./model/engine.ts";
import { presetLayer, remarksOn } from "./presets.ts";
import { toTraefikTarget } from "./schema/publish.ts";
import type { DefaultsLayer, TargetLayer } from "./schema/target.ts";
import { defaultOptions, uniqueRoutes, withoutHosts } from "./targets.ts";
import { unfitProblems } from "./labels/unfit.ts";
import { labelAddressProblems } from "./labels/addresses.ts";
import { costProblems, labelPoolProblems } from "./labels/pools.ts";
import { labelPortProblems, listenersOf } from "./labels/listeners.ts";
import { plainName } from "./labels/identity.ts";
import { fillHostTemplate } from "./values/host-template.ts";
import { parseHostPattern } from "./values/host-pattern.ts";
import { idOfWorkload } from "./values/kubernetes.ts";
import { guestId, vmidOf } from "./values/proxmox.ts";

/** What a container's labels, together with the file, make of it. */
export type LabelReading = {
  /** `wakegate.enable`: `off` means hands off, also as a dependency. */
  readonly enable: WakegateLabels["enable"];
  /** The name it has, or would have, as a target. */
  readonly name: string;
  /** Warnings, and for an invalid one at least one error. */
  readonly problems: readonly Problem[];
} & (
  | { readonly kind: "target"; readonly spec: TargetSpec }
  /** Meant as a target, but its labels are bad: not managed; its hosts go on answering 503. */
  | { readonly kind: "invalid"; readonly routes: readonly RouteSpec[] }
  /** Not a target. */
  | { readonly kind: "ignored"; readonly because: "unlabelled" | "disabled" | "one-off" }
);

/** The parts of the settings that labels are read with. */
export type LabelContext = Pick<
  Settings,
  | "fileTargets"
  | "defaultsLayer"
  | "discover"
  | "engines"
  | "pools"
  | "publicUrl"
  | "tcpLabelPorts"
  | "foreignLabels"
>;

/**
 * Reads the labels of one container: defaults < app preset < proxy and Compose labels < `wakegate.*` labels < the file's target
 * of that name, or of that container. A container that the file names needs no labels. Never throws.
 */
export function readLabels(instance: LabelSource, engine: string, settings: LabelContext): LabelReading {
  const kind = settings.engines.find(({ name }) => name === engine)?.kind ?? "docker";
  // Joined, not concatenated: that would keep a tree of its pieces for each target.
  const where = [WHAT[kind], instance.name, `(${engine})`].join(" ");
  const understood = readForeignLabels(instance.labels, settings.foreignLabels, where);
  const own = readWakegateLabels(understood.labels, where);
  const compose = readComposeLabels(instance.labels);
  const found = own.enable === "unset" ? discover(instance, engine, settings.discover) : undefined;
  const { file, name } = findFileTarget(instance, engine, settings, found && nameByRule(instance, found));
  const base = { enable: own.enable, name };
  const named =
    (file?.layer.docker ?? file?.layer.swarm ?? file?.layer.proxmox ?? file?.layer.kubernetes) !== undefined;
  if (compose.oneOff) return { ...base, kind: "ignored", because: "one-off", problems: [] };
  const badEnable = own.problems.some(({ key }) => key === "wakegate.enable");
  if (own.enable !== "on" && !named && !badEnable && !found) {
    const because = own.enable === "off" ? "disabled" : "unlabelled";
    return {
      ...base,
      kind: "ignored",
      because,
      problems: own.enable === "off" ? [] : missingEnable(own, where, instance),
    };
  }
  const proxy = instance.ingress ? readIngress(instance.ingress) : readProxyLabels(instance.labels);
  const byRule = found && hostsByRule(found, where);
  const hosts = file?.layer.hosts ?? own.layer.hosts ?? byRule?.routes;
  const templated =
    hosts || own.routes.length > 0 || proxy.routes.length > 0
      ? noRoutes
      : fillTemplates(settings.defaultsLayer.hosts, compose, name, where);
  const clash = clashProblem(file, instance, engine, name, where);
  const errors = [
    ...own.problems,
    ...labelPortProblems(own, settings, where),
    ...labelAddressProblems(own, where),
    ...labelPoolProblems(own, settings, where),
    ...(clash ? [clash] : []),
  ];
  if (errors.length > 0) {
    const readable = hosts ?? (own.routes.length > 0 ? own.routes : [...proxy.routes, ...templated.routes]);
    return {
      ...base,
      kind: "invalid",
      routes: uniqueRoutes(readable),
      problems: errors.map(understood.asWritten),
    };
  }
  const preset = file?.layer.preset ?? own.layer.preset ?? found?.rule.preset;
  const scope = file?.layer.scope ?? own.layer.scope ?? found?.rule.scope;
  const options = toOptions(
    defaultOptions(settings.defaultsLayer),
    presetLayer(preset),
    derived(proxy, compose),
    found?.rule.layer,
    withoutHosts(own.layer),
    file && withoutHosts(file.layer),
  );
  const network = networkNameOf(options.network, instance.networks, compose.project);
  const displayName = found && displayNameByRule(found);
  const spec: TargetSpec = {
    name,
    displayName: file?.layer.display_name ?? own.layer.display_name ?? displayName ?? compose.service ?? name,
    origin: named
      ? (file?.origin ?? where)
      : found
        ? `${found.rule.origin}: ${where}`
        : ["labels of", where].join(" "),
    ...(found && !named && { discoveredBy: found.rule.origin }),
    ...(scope && { scope }),
    source: sourceOf(kind, engine, instance),
    ...(preset && { preset }),
    routes: uniqueRoutes(hosts ?? [...proxy.routes, ...templated.routes]),
    ...listenersOf(own, file),
    ...(proxy.proxied ? { proxied: true } : {}),
    ...toTraefikTarget(own.layer.traefik, file?.layer.traefik),
    ...(understood.groups.length > 0 ? { groups: understood.groups } : {}),
    ...options,
    ...(network === undefined ? {} : { network }),
    ...(options.port !== undefined && {
      portFrom: portFrom([
        [file?.layer.port, `port in ${file?.origin ?? "the file"}`],
        [own.layer.port, "label wakegate.port"],
        [found?.rule.layer?.port, `port of ${found?.rule.origin ?? "a rule"}`],
        [proxy.port, instance.ingress ? "the Service that its Ingress leads to" : "the proxy's labels"],
        [options.port, preset ? `preset ${preset}` : "defaults"],
      ]),
    }),
  };
  const remarks = remarksOn(spec).map(({ severity, path, message }): Problem => {
    return { severity, where, key: LABEL_PREFIX + path.join("."), message };
  });
  const unfit = [
    ...unfitProblems(spec, instance, settings, where),
    ...costProblems(spec, settings, where),
    ...remarks.filter(({ severity }) => severity === "error"),
  ];
  if (unfit.length > 0)
    return { ...base, kind: "invalid", routes: spec.routes, problems: unfit.map(understood.asWritten) };
  const warnings = [
    ...(hosts ? [] : proxy.warnings.map((warning): Problem => ({ severity: "warning", where, ...warning }))),
    ...templated.problems,
    ...(byRule?.problems ?? []),
    ...nameWarning(own, name, where),
    ...remarks,
    ...understood.problems,
  ];
  const problems = warnings.length > 0 ? warnings.map(understood.asWritten) : NO_PROBLEMS;
  return { ...base, kind: "target", spec, problems };
}

const NO_PROBLEMS: readonly Problem[] = [];

/** What an engine of each kind runs. */
const WHAT = {
  docker: "container",
  swarm: "service",
  proxmox: "guest",
  kubernetes: "workload",
  command: "machine",
  wol: "machine",
} as const;

function sourceOf(kind: EngineSpec["kind"], engine: string, { id, name }: LabelSource): TargetSource {
  if (kind === "proxmox") return { kind, engine, vmid: vmidOf(id) ?? 0 };
  if (kind === "kubernetes") {
    const { namespace = "", workload = "" } = /^(?<namespace>[^/]*)\/(?<workload>.*)$/.exec(id)?.groups ?? {};
    return { kind, engine, namespace, workload };
  }
  return kind === "swarm" ? { kind, engine, service: name } : { kind: "docker", engine, container: name };
}

/** The strongest layer that names the port. */
function portFrom(layers: readonly (readonly [port: number | undefined, from: string])[]): string {
  return layers.find(([port]) => port !== undefined)?.[1] ?? "the configuration";
}

interface Templated {
  readonly routes: readonly RouteSpec[];
  readonly problems: readonly Problem[];
}

const noRoutes: Templated = { routes: [], problems: [] };

/** What the labels of proxies and Compose say about options. */
function derived(proxy: ProxyLabels, compose: ComposeLabels): DefaultsLayer {
  return {
    ...(proxy.port === undefined ? {} : { port: proxy.port }),
    ...(proxy.scheme === undefined ? {} : { scheme: proxy.scheme }),
    ...(compose.dependsOn ? { depends_on: [...compose.dependsOn] } : {}),
  };
}

function fillTemplates(
  templates: readonly string[] = [],
  compose: ComposeLabels,
  name: string,
  where: string,
): Templated {
  const values = { service: compose.service ?? name, project: compose.project, name };
  const routes: RouteSpec[] = [];
  const problems: Problem[] = [];
  for (const template of templates) {
    const host = fillHostTemplate(template, values);
    const parsed = host === undefined ? undefined : parseHostPattern(host);
    if (parsed?.ok) routes.push(parsed.value);
    else {
      const message = `the host template ${template} cannot be filled for it: add wakegate.hosts`;
      problems.push({ severity: "warning", where, key: "defaults.hosts", message });
    }
  }
  return { routes, problems };
}

/** The file gives this name to something else. */
function clashProblem(
  file: FileTarget | undefined,
  instance: LabelSource,
  engine: string,
  name: string,
  where: string,
): Problem | undefined {
  const { docker, swarm, proxmox, kubernetes, process, command, wol } = file?.layer ?? {};
  const other =
    process ||
    command ||
    wol ||
    (swarm && (swarm.service !== instance.name || (swarm.engine ?? engine) !== engine)) ||
    (kubernetes && (idIn(kubernetes) !== instance.id || (kubernetes.engine ?? engine) !== engine)) ||
    (proxmox && guestId(proxmox.engine ?? engine, proxmox.vmid) !== instance.id) ||
    (docker && (docker.container !== plainName(instance) || (docker.engine ?? engine) !== engine));
  if (!file || !other) return undefined;
  const what = docker
    ? `the container ${docker.container}`
    : proxmox
      ? `the guest ${String(proxmox.vmid)}`
      : kubernetes
        ? `the workload ${idIn(kubernetes)}`
        : swarm
          ? `the service ${swarm.service}`
          : process
            ? "a local program"
            : "a machine";
  const message = `the file gives the name ${name} to ${what} (${file.origin}): set another wakegate.name`;
  return { severity: "error", where, key: "wakegate.name", value: name, message };
}

function idIn({ namespace = "default", workload }: NonNullable<TargetLayer["kubernetes"]>): string {
  return idOfWorkload({ namespace, workload });
}

function nameWarning(own: WakegateLabels, name: string, where: string): Problem[] {
  const written = own.layer.name;
  if (written === undefined || written === name) return [];
  const message = `the file calls this container ${name}, which is stronger`;
  return [{ severity: "warning", where, key: "wakegate.name", value: written, message }];
}

function missingEnable(own: WakegateLabels, where: string, instance: LabelSource): Problem[] {
  if (!own.any || "wakegate.enable" in instance.labels) return [];
  const first =
    Object.keys(instance.labels).find((label) => label.startsWith(LABEL_PREFIX)) ?? "wakegate.enable";
  const message = "has no effect without wakegate.enable=true: add that label, or false to keep hands off";
  return [{ severity: "warning", where, key: first, message }];
}
