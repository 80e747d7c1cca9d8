import type { Ingress } from "../../providers/provider.ts";
import { formatRoute, parseHostPattern } from "../values/host-pattern.ts";
import type { RouteSpec } from "../model.ts";
import type { ProxyLabels } from "./proxy-labels.ts";

/** Hosts and port from the routes that an engine itself keeps. Never throws. */
export function readIngress({ hosts, port }: Ingress): ProxyLabels {
  const routes = new Map<string, RouteSpec>();
  const warnings: ProxyLabels["warnings"][number][] = [];
  for (const written of hosts) {
    const parsed = parseHostPattern(written);
    if (parsed.ok) routes.set(formatRoute(parsed.value), parsed.value);
    else
      warnings.push({
        key: "Ingress",
        value: written,
        message: `this host is left aside: ${parsed.message}`,
      });
  }
  return { routes: [...routes.values()], ...(port !== undefined && { port }), proxied: true, warnings };
}
