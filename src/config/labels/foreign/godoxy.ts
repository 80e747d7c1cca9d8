import { formatDuration } from "../../values/duration.ts";
import { NOT_MEANT, type Dialect, type Rendering } from "./dialect.ts";

/** Units of GoDoxy's durations in milliseconds: Go's, and days, weeks, months of 30 days. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
};

/** What a container's own labels, `proxy.*`, are called here, and how their values are spelled. */
const OWN: readonly (readonly [from: string, label: string, spell: (value: string) => string])[] = [
  ["idle_timeout", "idle_timeout", toDuration],
  ["wake_timeout", "wake_timeout", toDuration],
  ["stop_timeout", "stop_timeout", toDuration],
  ["stop_method", "stop_method", (value) => value],
  ["stop_signal", "stop_signal", (value) => value],
  ["start_endpoint", "start_endpoint", (value) => value.replace(/#.*$/s, "").trim()],
  ["depends_on", "depends_on", (value) => items(value).join(",")],
  ["no_loading_page", "no_loading_page", toWord],
  ["network", "network", (value) => value],
];

/** What the labels of one alias, `proxy.<alias>.*`, are called here. GoDoxy reads them in any case, underscores or not. */
const OF_ALIAS: readonly (readonly [from: string, label: string, spell: (value: string) => string])[] = [
  ["port", "port", (value) => value.split(":").at(-1) ?? value],
  ["scheme", "scheme", (value) => value],
  ["healthcheck.path", "readiness.path", (value) => value],
  ["healthcheck.timeout", "readiness.timeout", toDuration],
];

/**
 * The labels of GoDoxy: `proxy.idle_timeout` and its family, and of its routes what tells where the app is and
 * when it is up. A container is meant once `proxy.idle_timeout` is above zero, as there. Aliases that are whole
 * host names become hosts; the others get their domain from GoDoxy's own settings, here from `defaults.hosts`.
 */
export const godoxy: Dialect = (labels) => {
  const idle = labels["proxy.idle_timeout"]?.trim() ?? "";
  // Negative marks what only others depend on: that needs no label here.
  if (idle === "" || idle.startsWith("-") || toMs(idle) === 0) return NOT_MEANT;
  const renderings: Rendering[] = [{ label: "wakegate.enable", value: "true", from: "proxy.idle_timeout" }];
  for (const [name, label, spell] of OWN) {
    const from = `proxy.${name}`;
    const written = labels[from]?.trim();
    if (written) renderings.push({ label: `wakegate.${label}`, value: spell(written), from });
  }
  const aliases = items(labels["proxy.aliases"] ?? "");
  const hosts = aliases.filter((alias) => alias.includes("."));
  if (hosts.length > 0)
    renderings.push({ label: "wakegate.hosts", value: hosts.join(","), from: "proxy.aliases" });
  renderings.push(...aliasRenderings(labels, aliases[0]));
  return { renderings, groups: [], unread: [] };
};

/** Of the first alias: by its own name, else by its number, else what holds for all. */
function aliasRenderings(labels: Readonly<Record<string, string>>, first: string | undefined): Rendering[] {
  const plain = (text: string): string => text.toLowerCase().replaceAll("_", "");
  return OF_ALIAS.flatMap(([key, label, spell]): Rendering[] => {
    for (const alias of [...(first === undefined ? [] : [first]), "#1", "*"]) {
      const from = Object.keys(labels).find((name) => plain(name) === plain(`proxy.${alias}.${key}`));
      const written = from === undefined ? undefined : labels[from]?.trim();
      // Streams are listeners of their own here: their scheme and port say nothing of an HTTP app.
      if (from === undefined || !written || /^(tcp|udp)$/i.test(written)) continue;
      return [{ label: `wakegate.${label}`, value: spell(written), from }];
    }
    return [];
  });
}

function items(value: string): readonly string[] {
  return value.split(/[\s,]+/).filter((item) => item !== "");
}

/** Whole milliseconds in our spelling; what cannot be read stays as it is. */
function toDuration(value: string): string {
  const ms = toMs(value);
  return ms === undefined ? value : formatDuration(ms);
}

function toMs(value: string): number | undefined {
  if (value === "0") return 0;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|[smhdwM]))+$/.test(value)) return undefined;
  const parts = value.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|[smhdwM])/g);
  let total = 0;
  for (const [, amount, unit = ""] of parts) total += Number(amount) * (UNITS[unit] ?? 0);
  return total;
}

/** Go's spellings of yes and no. */
function toWord(value: string): string {
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return "true";
  return /^(0|f|F|FALSE|false|False)$/.test(value) ? "false" : value;
}
