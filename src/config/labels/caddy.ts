import type { RouteSpec } from "../model.ts";
import { parseHostPattern } from "../values/host-pattern.ts";
import type { ProxyLabels } from "./proxy-labels.ts";

/**
 * Reads the labels of caddy-docker-proxy: `caddy`, `caddy_0` … hold site addresses, separated by spaces or
 * commas; `caddy.reverse_proxy: {{upstreams 8080}}` holds the port. Global options and snippets hold no hosts.
 */
export function readCaddyLabels(labels: Readonly<Record<string, string>>): ProxyLabels {
  const routes: RouteSpec[] = [];
  const warnings: ProxyLabels["warnings"][number][] = [];
  let port: number | undefined;
  for (const key of Object.keys(labels).sort()) {
    const value = labels[key] ?? "";
    if (/^caddy(_\d+)?$/.test(key)) {
      for (const site of value.split(/[\s,]+/)) {
        const address = hostOf(site);
        if (address === "" || site.startsWith("(")) continue;
        const parsed = parseHostPattern(address);
        if (parsed.ok) routes.push(parsed.value);
        else warnings.push({ key, value: site, message: `this address is left aside: ${parsed.message}` });
      }
    } else if (/^caddy(_\d+)?\.(.+\.)?(\d+_)?reverse_proxy$/.test(key)) {
      port ??= readPort(value);
    }
  }
  return { routes, ...(port === undefined ? {} : { port }), warnings };
}

/** The host, and path if any, of a site address: without scheme, port and the star that ends a path. */
function hostOf(site: string): string {
  const [, host = "", path = ""] = /^(?:[a-z]+:\/\/)?([^/]*)(\/.*)?$/i.exec(site) ?? [];
  const name = host.replace(/:\d*$/, "");
  return name === "" || name === "*" ? "" : name + path.replace(/\/?\*$/, "");
}

function readPort(value: string): number | undefined {
  const digits = /\{\{\s*upstreams\s+(?:[a-z0-9]+\s+)?(\d{1,5})\s*\}\}/.exec(value)?.[1];
  const port = Number(digits ?? 0);
  return port >= 1 && port <= 65_535 ? port : undefined;
}
