import type { RouteSpec } from "../model.ts";
import { formatRoute, parseHostPattern } from "../values/host-pattern.ts";
import type { ProxyLabels } from "./proxy-labels.ts";
import { routesOfRule } from "./traefik-rule.ts";

/**
 * Reads Traefik's labels: hosts and prefixes from `traefik.http.routers.*.rule`, the port from
 * `traefik.http.services.*.loadbalancer.server.port`. Keys count without regard to case, as in Traefik.
 */
export function readTraefikLabels(labels: Readonly<Record<string, string>>): ProxyLabels {
  const routes = new Map<string, RouteSpec>();
  const warnings: ProxyLabels["warnings"][number][] = [];
  const ports = new Map<number, string>();
  let scheme: "http" | "https" | undefined;
  let proxied = false;
  for (const key of Object.keys(labels).sort()) {
    const value = labels[key] ?? "";
    const name = key.toLowerCase();
    if (/^traefik\.http\.routers\.[^.]+\.rule$/.test(name)) {
      proxied = true;
      const rule = routesOfRule(value);
      for (const message of rule.warnings) warnings.push({ key, value, message });
      for (const pattern of rule.patterns) {
        const parsed = parseHostPattern(pattern);
        if (parsed.ok) routes.set(formatRoute(parsed.value), parsed.value);
        else warnings.push({ key, value: pattern, message: `this host is left aside: ${parsed.message}` });
      }
    } else if (/^traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port$/.test(name)) {
      const port = /^\d{1,5}$/.test(value.trim()) ? Number(value) : 0;
      if (port >= 1 && port <= 65_535) ports.set(port, key);
      else
        warnings.push({ key, value, message: "this port is left aside: expected a number from 1 to 65535" });
    } else if (/^traefik\.http\.services\.[^.]+\.loadbalancer\.server\.scheme$/.test(name)) {
      if (value.trim().toLowerCase() === "https") scheme = "https";
    }
  }
  const [first, second] = ports;
  if (first && second) {
    const message = `there are several ports; ${String(first[0])} is taken. Set wakegate.port to say which one proves readiness`;
    warnings.push({ key: second[1], value: String(second[0]), message });
  }
  return {
    routes: [...routes.values()],
    ...(first ? { port: first[0] } : {}),
    ...(scheme ? { scheme } : {}),
    ...(proxied ? { proxied } : {}),
    warnings,
  };
}
