import { isDeepStrictEqual } from "node:util";
import type { Settings, TargetSpec } from "./model.ts";
import type { EngineSpec } from "./model/engine.ts";

/** What differs between two configurations. Names only: the new values are in the new settings. */
export interface SettingsDiff {
  readonly targets: ItemDiff;
  readonly engines: ItemDiff;
  /** Labels have to be read anew: the defaults, or what the file lays over labels, changed. */
  readonly relabel: boolean;
  /** Other keys that changed and can be applied at once, as the file calls them. */
  readonly live: readonly string[];
  /** Keys that changed but count only after a restart, as the file calls them. */
  readonly restartNeeded: readonly string[];
  /** True when nothing differs at all. */
  readonly same: boolean;
}

/** Names of what was added, removed or changed. */
export interface ItemDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

const RESTART = [
  ["listen", "listen"],
  ["publicListen", "public_listen"],
  ["stateDir", "state_dir"],
  ["redis", "store.redis"],
  ["limits", "limits"],
  ["templatesDir", "templates_dir"],
] as const;

const LIVE = [
  ["trustedProxies", "trusted_proxies"],
  ["unknownHosts", "unknown_hosts"],
  ["publicUrl", "public_url"],
  ["caddyAdmin", "caddy_admin"],
  ["tcpLabelPorts", "tcp_label_ports"],
  ["foreignLabels", "foreign_labels"],
  ["wakeRate", "wake_rate"],
  ["pools", "pools"],
  ["catchAll", "catch_all"],
  ["traefik", "publish.traefik"],
  ["api", "api"],
  ["notify", "notify"],
] as const;

/** Compares two configurations. Where a target stands in the file is no difference. Pure. */
export function diffSettings(before: Settings, after: Settings): SettingsDiff {
  const differs = (key: keyof Settings): boolean => !isDeepStrictEqual(before[key], after[key]);
  const targets = diffItems(before.targets.map(withoutOrigin), after.targets.map(withoutOrigin));
  const engines = diffItems<EngineSpec>(before.engines, after.engines);
  const relabel =
    differs("defaultsLayer") ||
    differs("discover") ||
    differs("tcpLabelPorts") ||
    differs("foreignLabels") ||
    differs("pools") ||
    !isDeepStrictEqual(layersOf(before), layersOf(after));
  const live = LIVE.flatMap(([key, name]) => (differs(key) ? [name] : []));
  const restart = RESTART.flatMap(([key, name]) => (differs(key) ? [name] : []));
  const level = before.log.level === after.log.level ? [] : ["log.level"];
  const format = before.log.format === after.log.format ? [] : ["log.format"];
  const same =
    !relabel &&
    [...live, ...restart, ...level, ...format].length === 0 &&
    [targets, engines].every((diff) => diff.added.length + diff.removed.length + diff.changed.length === 0);
  return {
    targets,
    engines,
    relabel,
    live: [...live, ...level],
    restartNeeded: [...restart, ...format],
    same,
  };
}

function diffItems<T extends { readonly name: string }>(before: readonly T[], after: readonly T[]): ItemDiff {
  const old = new Map(before.map((item) => [item.name, item]));
  const now = new Map(after.map((item) => [item.name, item]));
  return {
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
    changed: [...now].flatMap(([name, item]) => {
      const was = old.get(name);
      return was && !isDeepStrictEqual(was, item) ? [name] : [];
    }),
  };
}

function withoutOrigin(spec: TargetSpec): TargetSpec {
  return { ...spec, origin: "" };
}

function layersOf(settings: Settings): unknown {
  return Object.fromEntries(settings.fileTargets.map(({ name, layer }) => [name, layer]));
}
