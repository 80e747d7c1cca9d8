import { resolve } from "node:path";
import type { PageOptions, ReadinessOptions, TargetOptions } from "./model.ts";
import type { FileLayer } from "./schema.ts";
import { BUILT_IN } from "./schema/options.ts";
import { defaultsSchema, type DefaultsLayer, type TargetLayer } from "./schema/target.ts";
import { toUseOptions } from "./use-layers.ts";

/** The keys that layers of targets have in common. */
export type OptionsLayer = Omit<DefaultsLayer, "hosts">;

/** What holds where no layer says anything. */
const builtInLayer: DefaultsLayer = defaultsSchema.parse(structuredClone(BUILT_IN));

/**
 * Lays layers over each other, the strongest last. Groups are merged key by key; lists and values replace what
 * is below.
 */
export function overlay<T extends object>(...layers: readonly (T | undefined)[]): T {
  const result: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer ?? {})) {
      const below = result[name];
      result[name] = isGroup(value) && isGroup(below) ? overlay(below, value) : value;
    }
  }
  return result as T;
}

/** Complete options out of layers, the weakest first; the built-in values are below all of them. */
export function toOptions(...layers: readonly (OptionsLayer | undefined)[]): TargetOptions {
  const merged = overlay<OptionsLayer>(builtInLayer, ...layers);
  const value = <K extends keyof OptionsLayer>(name: K): NonNullable<OptionsLayer[K]> =>
    present(merged[name], name);
  return {
    scheme: value("scheme"),
    ...optional("port", merged.port),
    ...optional("address", merged.address),
    ...optional("network", merged.network),
    ...optional("idleTimeoutMs", merged.idle_timeout ?? undefined),
    wakeTimeoutMs: value("wake_timeout"),
    ...optional("stopTimeoutMs", merged.stop_timeout),
    stopMethod: value("stop_method"),
    ...optional("stopSignal", merged.stop_signal),
    dependsOn: value("depends_on"),
    ...optional("startEndpoint", merged.start_endpoint),
    noLoadingPage: value("no_loading_page"),
    ...optional("pageAfterMs", merged.page_after),
    pageMode: value("page_mode"),
    page: toPage(value("page")),
    holdTimeoutMs: value("hold_timeout"),
    onManualStop: value("on_manual_stop"),
    foreignStopGraceMs: value("foreign_stop_grace"),
    readiness: toReadiness(value("readiness")),
    ...toUseOptions(merged),
  };
}

/** Relative paths of a layer made absolute, seen from the folder `base`. */
export function withAbsolutePaths(layer: FileLayer, base: string): FileLayer {
  const { state_dir, templates_dir, api, providers, targets } = layer;
  const docker = Object.entries(providers?.docker ?? {}).map(([name, engine]) => {
    if (typeof engine === "string") return [name, engine] as const;
    const { url, ...files } = engine;
    const absolute = Object.entries(files).map(([key, file]) => [key, resolve(base, file)] as const);
    return [name, { url, ...Object.fromEntries(absolute) }] as const;
  });
  return {
    ...layer,
    ...(state_dir === undefined ? {} : { state_dir: resolve(base, state_dir) }),
    ...(templates_dir === undefined ? {} : { templates_dir: resolve(base, templates_dir) }),
    ...(api?.token_file === undefined ? {} : { api: { ...api, token_file: resolve(base, api.token_file) } }),
    ...(providers?.docker ? { providers: { docker: Object.fromEntries(docker) } } : {}),
    ...(targets
      ? {
          targets: Object.fromEntries(
            Object.entries(targets).map(([name, target]) => [name, absoluteTarget(target, base)]),
          ),
        }
      : {}),
  };
}

function absoluteTarget(target: TargetLayer, base: string): TargetLayer {
  if (!target.process) return target;
  return { ...target, process: { ...target.process, cwd: resolve(base, target.process.cwd ?? ".") } };
}

function toPage(page: NonNullable<OptionsLayer["page"]>): PageOptions {
  return {
    details: present(page.details, "page.details"),
    logs: present(page.logs, "page.logs"),
    footer: present(page.footer, "page.footer"),
  };
}

function toReadiness(readiness: NonNullable<OptionsLayer["readiness"]>): ReadinessOptions {
  return {
    kind: present(readiness.kind, "readiness.kind"),
    path: present(readiness.path, "readiness.path"),
    ...optional("host", readiness.host),
    statuses: present(readiness.status, "readiness.status"),
    timeoutMs: present(readiness.timeout, "readiness.timeout"),
  };
}

function present<T>(value: T | null | undefined, name: string): T & {} {
  if (value === undefined || value === null) throw new Error(`no built-in value for ${name}`);
  return value;
}

function optional<K extends string, T>(name: K, value: T | undefined): Partial<Record<K, T>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, T>);
}

function isGroup(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
