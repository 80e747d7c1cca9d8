import type { RouteSpec } from "../../../config/model.ts";
import { routesOfRule } from "../../../config/labels/traefik-rule.ts";
import type { TraefikVersion } from "../version.ts";

/** A rule for hosts and prefixes; undefined where there are none. */
export function ruleOfRoutes(routes: readonly RouteSpec[], version: TraefikVersion): string | undefined {
  const ways = [...routes]
    .sort((a, b) => (`${a.host} ${a.prefix}` < `${b.host} ${b.prefix}` ? -1 : 1))
    .map(({ host, prefix }) => {
      const matcher = hostMatcher(host, version);
      return prefix === "/" ? matcher : `(${matcher} && ${prefixMatcher(prefix)})`;
    });
  return ways.length > 0 ? ways.join(" || ") : undefined;
}

/** The hosts that a rule names, as a rule of their own; undefined where it names none, or not one by one. */
export function hostsOfRule(rule: string): string | undefined {
  const { patterns, warnings } = routesOfRule(rule);
  if (warnings.length > 0) return undefined;
  const hosts = [...new Set(patterns.map((pattern) => pattern.replace(/\/.*$/, "")))].sort();
  return hosts.length > 0 ? hosts.map((host) => `Host(\`${host}\`)`).join(" || ") : undefined;
}

/** Whole segments only: `/blog` and `/blog/…`, not `/blogger`. */
function prefixMatcher(prefix: string): string {
  return `(Path(\`${prefix}\`) || PathPrefix(\`${prefix}/\`))`;
}

/** The star stands for one label. Version 2 writes expressions in braces. */
function hostMatcher(host: string, [major]: TraefikVersion): string {
  if (!host.startsWith("*.")) return `Host(\`${host}\`)`;
  const rest = host.slice(2);
  if (major < 3) return `HostRegexp(\`{wakegate:[a-z0-9_-]+}.${rest}\`)`;
  return `HostRegexp(\`^[a-z0-9_-]+\\.${rest.replaceAll(".", "\\.")}$\`)`;
}
