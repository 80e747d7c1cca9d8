import { resolve } from "node:path";
import type { PageOptions, ReadinessOptions, TargetOptions } from "./model.ts";
import type { RequestRights, RuleMatch, RuleSpec, WakeRate } from "./model/rules.ts";
import type { StreamOptions } from "./model/stream.ts";
import type { FileLayer } from "./schema.ts";
import { onceFor } from "../lib/once-for.ts";
import { toPoolOptions } from "./pools.ts";
import { BUILT_IN } from "./schema/options.ts";
import { DEFAULT_WAKE_RATE, type RuleLayer, type WakeRateLayer } from "./schema/rules.ts";
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

/** The defaults over the built-in values: what a target has where no layer of its own says anything. */
const below = onceFor((defaults: OptionsLayer) => overlay<OptionsLayer>(builtInLayer, defaults));

/**
 * Complete options out of layers, the weakest first; the built-in values are below all of them. Groups that no layer
 * but the defaults touches are the same objects in all targets.
 */
export function toOptions(
  defaults: OptionsLayer,
  ...layers: readonly (OptionsLayer | undefined)[]
): TargetOptions {
  const merged = overlay<OptionsLayer>(below(defaults), ...layers);
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
    ...toPoolOptions(merged, value("room_timeout")),
    stream: toStream(value("stream")),
    presets: value("presets"),
    rules: toRules(value("rules")),
    pollers: toPollers(value("pollers")),
  };
}

/** The limits of wakes; `off` is none. */
export function toWakeRate(layer: WakeRateLayer = {}): WakeRate {
  const { per_client: perClient, per_target: perTarget } = { ...DEFAULT_WAKE_RATE, ...layer };
  return { ...(perClient && { perClient }), ...(perTarget && { perTarget }) };
}

/** Relative paths of a layer made absolute, seen from the folder `base`. */
export function withAbsolutePaths(layer: FileLayer, base: string): FileLayer {
  const { state_dir, templates_dir, api, notify, store, providers, targets } = layer;
  const { webhook, ntfy } = notify ?? {};
  const proxmox = Object.entries(providers?.proxmox ?? {}).map(([name, cluster]) => {
    const files = (["ca_file", "token_secret_file", "password_file"] as const).flatMap((key) =>
      cluster[key] === undefined ? [] : [[key, resolve(base, cluster[key])] as const],
    );
    return [name, { ...cluster, ...Object.fromEntries(files) }] as const;
  });
  const kubernetes = Object.entries(providers?.kubernetes ?? {}).map(
    ([name, cluster]) => [name, withAbsolute(cluster, "kubeconfig", base)] as const,
  );
  return {
    ...layer,
    ...(state_dir === undefined ? {} : { state_dir: resolve(base, state_dir) }),
    ...(templates_dir === undefined ? {} : { templates_dir: resolve(base, templates_dir) }),
    ...(api?.token_file === undefined ? {} : { api: { ...api, token_file: resolve(base, api.token_file) } }),
    ...(webhook?.secret_file === undefined && ntfy?.token_file === undefined
      ? {}
      : {
          notify: {
            ...notify,
            ...(webhook && { webhook: withAbsolute(webhook, "secret_file", base) }),
            ...(ntfy && { ntfy: withAbsolute(ntfy, "token_file", base) }),
          },
        }),
    ...(store?.redis
      ? { store: { redis: withAbsolute(withAbsolute(store.redis, "password_file", base), "ca_file", base) } }
      : {}),
    ...(providers
      ? {
          providers: {
            ...(providers.docker && { docker: absoluteEngines(providers.docker, base) }),
            ...(providers.swarm && { swarm: absoluteEngines(providers.swarm, base) }),
            ...(providers.proxmox && { proxmox: Object.fromEntries(proxmox) }),
            ...(providers.kubernetes && { kubernetes: Object.fromEntries(kubernetes) }),
          },
        }
      : {}),
    ...(targets
      ? {
          targets: Object.fromEntries(
            Object.entries(targets).map(([name, target]) => [name, absoluteTarget(target, base)]),
          ),
        }
      : {}),
  };
}

function withAbsolute<K extends string, T extends { readonly [Key in K]?: string }>(
  group: T,
  key: K,
  base: string,
): T {
  const written = group[key];
  return written === undefined ? group : { ...group, [key]: resolve(base, written) };
}

type EngineLayers = NonNullable<NonNullable<FileLayer["providers"]>["docker"]>;

function absoluteEngines(engines: EngineLayers, base: string): EngineLayers {
  const absolute = Object.entries(engines).map(([name, engine]) => {
    if (typeof engine === "string") return [name, engine] as const;
    const files = (["ca_file", "cert_file", "key_file"] as const).flatMap((key) =>
      engine[key] === undefined ? [] : [[key, resolve(base, engine[key])] as const],
    );
    return [name, { ...engine, ...Object.fromEntries(files) }] as const;
  });
  return Object.fromEntries(absolute);
}

function absoluteTarget(target: TargetLayer, base: string): TargetLayer {
  const { process, command, wol } = target;
  const from = <T extends { readonly cwd?: string }>(part: T): T => ({
    ...part,
    cwd: resolve(base, part.cwd ?? "."),
  });
  return {
    ...target,
    ...(process && { process: from(process) }),
    ...(command && { command: from(command) }),
    ...(wol && { wol: from(wol) }),
  };
}

const toPage = onceFor((page: NonNullable<OptionsLayer["page"]>): PageOptions => ({
  details: present(page.details, "page.details"),
  logs: present(page.logs, "page.logs"),
  footer: present(page.footer, "page.footer"),
}));

const toReadiness = onceFor((readiness: NonNullable<OptionsLayer["readiness"]>): ReadinessOptions => ({
  kind: present(readiness.kind, "readiness.kind"),
  path: present(readiness.path, "readiness.path"),
  ...optional("host", readiness.host),
  statuses: present(readiness.status, "readiness.status"),
  timeoutMs: present(readiness.timeout, "readiness.timeout"),
}));

const toPollers = onceFor((pollers: NonNullable<OptionsLayer["pollers"]>): RequestRights => ({
  wakes: present(pollers.wakes, "pollers.wakes"),
  counts: present(pollers.counts, "pollers.counts"),
}));

const toStream = onceFor((stream: NonNullable<OptionsLayer["stream"]>): StreamOptions => {
  const value = <K extends keyof typeof stream>(name: K): NonNullable<(typeof stream)[K]> =>
    present(stream[name], `stream.${name}`);
  return {
    protocol: value("protocol"),
    names: value("names"),
    wakeOn: value("wake_on"),
    allow: value("allow"),
    deny: value("deny"),
    maxConnections: value("max_connections"),
    maxPerClient: value("max_per_client"),
    wakesPerMinute: value("wakes_per_minute"),
    ...optional("sessionIdleMs", stream.session_idle ?? undefined),
    udpTimeoutMs: value("udp_timeout"),
    acceptProxy: value("accept_proxy"),
    sendProxy: value("send_proxy"),
    players: value("players"),
  };
});

const toRules = onceFor((rules: NonNullable<OptionsLayer["rules"]>): readonly RuleSpec[] =>
  Object.entries(rules).map(([name, rule]) => toRule(name, rule)),
);

/** What may not wake does not count either, unless it says so: a monitor that keeps awake is rarely meant. */
function toRule(name: string, { match = {}, wakes = true, counts = wakes }: RuleLayer): RuleSpec {
  const { methods, paths, user_agents: userAgents, clients, headers } = match;
  const conditions: RuleMatch = {
    ...optional("methods", methods),
    ...optional("paths", paths),
    ...optional("userAgents", userAgents),
    ...optional("clients", clients?.flat()),
    ...optional("headers", headers && lowerNames(headers)),
  };
  return { name, match: conditions, wakes, counts };
}

function lowerNames(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, glob]) => [name.toLowerCase(), glob]));
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
