import { resolve } from "node:path";
import type { IssuePlaces } from "./file/issues.ts";
import { toOptions, toWakeRate } from "./layers.ts";
import { machineOf } from "./machines.ts";
import type { Problem, Settings } from "./model.ts";
import type { ApiSettings } from "./model/api.ts";
import type { EngineSpec } from "./model/engine.ts";
import type { ListenAddress } from "./model/stream.ts";
import { toDiscoverRules } from "./discover.ts";
import type { FileLayer } from "./schema.ts";
import { checkNotify, toNotify } from "./notify.ts";
import { filePoolProblems, toPools } from "./pools.ts";
import { checkStore, toRedisStore } from "./store.ts";
import { resolveTargets, defaultOptions } from "./targets.ts";
import { toTraefikSettings } from "./schema/publish.ts";
import { parseCidr } from "./values/cidr.ts";
import { formatListenAddress } from "./values/listen-address.ts";

/** What the settings are made of. */
export interface SettingsInput {
  /** File and environment laid over each other, paths absolute. */
  readonly layer: FileLayer;
  readonly engines: readonly EngineSpec[];
  /** True in the container image, whose defaults differ. */
  readonly inImage: boolean;
  readonly cwd: string;
  readonly places: IssuePlaces;
}

const DEFAULT_PROXIES = ["loopback", "private"].flatMap((word) => {
  const parsed = parseCidr(word);
  return parsed.ok ? parsed.value : [];
});

/** Completes the settings with defaults and checks what only the whole can tell. */
export function resolveSettings(input: SettingsInput): {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
} {
  const { layer, engines, inImage, cwd, places } = input;
  const host = inImage ? "0.0.0.0" : "127.0.0.1";
  const { defaults = {}, targets = {}, public_url: publicUrl, templates_dir: templatesDir } = layer;
  const listen = layer.listen ?? { host, port: 9190 };
  const publicListen = layer.public_listen ?? { host, port: 9191 };
  const resolved = resolveTargets(targets, defaults, engines, publicUrl, [listen, publicListen], places);
  const machines = Object.entries(targets).flatMap(([name, target]) => machineOf(name, target) ?? []);
  const traefik = toTraefikSettings(layer.publish?.traefik);
  const notify = toNotify(layer.notify);
  const redis = toRedisStore(layer.store);
  const settings: Settings = {
    listen,
    publicListen,
    stateDir: layer.state_dir ?? (inImage ? "/state" : resolve(cwd, "state")),
    trustedProxies: layer.trusted_proxies?.flat() ?? DEFAULT_PROXIES,
    trustedProxiesSet: layer.trusted_proxies !== undefined,
    unknownHosts: layer.unknown_hosts ?? "allow",
    catchAll: layer.catch_all ?? "off",
    ...(traefik ? { traefik } : {}),
    ...(templatesDir === undefined ? {} : { templatesDir }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(layer.caddy_admin === undefined ? {} : { caddyAdmin: layer.caddy_admin }),
    log: { level: layer.log?.level ?? "info", format: layer.log?.format ?? "auto" },
    api: resolveApi(layer.api ?? {}, inImage),
    ...(notify ? { notify } : {}),
    ...(redis ? { redis } : {}),
    limits: {
      holdsPerTarget: layer.limits?.holds_per_target ?? 2000,
      holds: layer.limits?.holds ?? 10_000,
      streams: layer.limits?.streams ?? 10_000,
    },
    foreignLabels: layer.foreign_labels ?? [],
    tcpLabelPorts: layer.tcp_label_ports ?? [1024, 65_535],
    wakeRate: toWakeRate(layer.wake_rate),
    engines: [...engines, ...machines],
    pools: toPools(layer.pools),
    discover: toDiscoverRules(layer.discover ?? [], places),
    defaults: { ...toOptions(defaultOptions(defaults)), hosts: defaults.hosts ?? [] },
    targets: resolved.targets,
    fileTargets: resolved.fileTargets,
    defaultsLayer: defaults,
  };
  return {
    settings,
    problems: [
      ...checkWhole(settings, layer, places),
      ...filePoolProblems(layer, settings.pools, places),
      ...checkApi(settings, layer, places),
      ...checkNotify(layer.notify, places),
      ...checkStore(layer.store, places, resolved.fileTargets),
      ...resolved.problems,
    ],
  };
}

function resolveApi(api: NonNullable<FileLayer["api"]>, inImage: boolean): ApiSettings {
  return {
    tokens: [...(api.tokens ?? []), ...(api.token ? [api.token] : [])],
    ...(api.token_file !== undefined && { tokenFile: api.token_file }),
    ...(api.user_header !== undefined && { userHeader: api.user_header }),
    ...(api.admins !== undefined && { admins: api.admins }),
    metrics: api.metrics ?? "open",
    tokenCommand: inImage ? "docker exec wakegate wakegate token" : "wakegate token",
  };
}

/** Like the other checks, but never tells what is written: it may be a secret. */
function checkApi(settings: Settings, layer: FileLayer, places: IssuePlaces): Problem[] {
  const report = (path: readonly string[], message: string): Problem => ({
    severity: "error",
    where: places.where(path),
    key: places.keyName?.(path) ?? path.join("."),
    message,
  });
  return [
    ...(layer.api?.token === null
      ? [
          report(
            ["api", "token"],
            "expected at least 16 characters without spaces: wakegate token --new makes one",
          ),
        ]
      : []),
    ...(settings.api.userHeader !== undefined && !settings.trustedProxiesSet
      ? [
          report(
            ["api", "user_header"],
            "needs trusted_proxies set to your proxy's own address: else every machine on a private network could name itself",
          ),
        ]
      : []),
  ];
}

function checkWhole(settings: Settings, layer: FileLayer, places: IssuePlaces): Problem[] {
  const problems: Problem[] = [];
  const report = (path: readonly string[], message: string): void => {
    const key = places.keyName?.(path) ?? path.join(".");
    const value = places.written(path);
    problems.push({
      severity: "error",
      where: places.where(path),
      key,
      ...(value === undefined ? {} : { value }),
      message,
    });
  };
  if (collide(settings.listen, settings.publicListen)) {
    const key = layer.public_listen ? "public_listen" : "listen";
    const address = formatListenAddress(settings.listen);
    report(
      [key],
      `listen and public_listen are the same address (${address}): give one of them another port`,
    );
  }
  if (layer.defaults?.page_mode === "redirect" && settings.publicUrl === undefined) {
    report(
      ["defaults", "page_mode"],
      "redirect needs public_url, the public listener as browsers reach it: add it at the top of the file",
    );
  }
  if (settings.engines.length === 0 && !Object.values(layer.targets ?? {}).some(({ process }) => process)) {
    report(
      ["providers"],
      "nothing to wake: there is no Docker socket at /var/run/docker.sock. Mount it, set DOCKER_HOST, or add providers.docker.local, providers.swarm, providers.proxmox, providers.kubernetes, or a target with process, command or wol",
    );
  }
  return problems;
}

function collide(a: ListenAddress, b: ListenAddress): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  const all = (host: string): boolean => host === "0.0.0.0" || host === "::";
  return a.host === b.host || all(a.host) || all(b.host);
}
