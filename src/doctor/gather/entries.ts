import type { Scene } from "../scene.ts";
import { proxies } from "../proxy-kind.ts";
import { selfOf } from "../places.ts";

/** A place where the proxy may listen. */
export interface Entry {
  readonly protocol: "http" | "https";
  readonly host: string;
  readonly port: number;
}

/** What is known of where the proxy could be. */
export interface EntryHints {
  /** What a person named. */
  readonly given?: Entry;
  readonly engines: Scene["engines"];
  readonly askers: readonly string[];
  readonly fromLoopback: boolean;
  /** A host that leads to the proxy by its name. */
  readonly host: string;
}

/** Where to look for the proxy, the likeliest place first. Pure. */
export function entriesOf({ given, engines, askers, fromLoopback, host }: EntryHints): readonly Entry[] {
  if (given) return [given];
  const self = selfOf(engines);
  const near = (name: string): boolean =>
    !self || self.hostNetwork === true || self.networks.some((network) => network.name === name);
  const containers = proxies({ engines }).flatMap(({ networks }) =>
    networks.filter(({ name, address }) => address !== "" && near(name)).map(({ address }) => address),
  );
  const onHost = fromLoopback || !self || self.hostNetwork === true;
  const hosts = [...new Set([...askers, ...containers, ...(onHost ? ["127.0.0.1"] : []), host])];
  return hosts.flatMap((each): Entry[] => [
    { protocol: "https", host: each, port: 443 },
    { protocol: "http", host: each, port: 80 },
  ]);
}

/** `https://172.18.0.2:443`. */
export function entryText({ protocol, host, port }: Entry): string {
  return `${protocol}://${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}

/** Reads what a person named; undefined for what is no address of a proxy. */
export function parseEntry(written: string): Entry | undefined {
  const full = /^https?:\/\//i.test(written) ? written : `http://${written}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (!url || url.username !== "" || url.pathname !== "/" || url.search !== "") return undefined;
  const protocol = url.protocol === "https:" ? "https" : "http";
  const port = url.port === "" ? (protocol === "https" ? 443 : 80) : Number(url.port);
  return { protocol, host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port };
}
