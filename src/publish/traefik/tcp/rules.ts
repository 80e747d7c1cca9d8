import type { TraefikVersion } from "../version.ts";

/** A rule for TLS names; `*.` stands for one label. */
export function ruleOfNames(names: readonly string[], [major]: TraefikVersion): string {
  return [...names]
    .sort()
    .map((name) => {
      if (!name.startsWith("*.")) return `HostSNI(\`${name}\`)`;
      const rest = name.slice(2);
      if (major < 3) return `HostSNIRegexp(\`{wakegate:[a-z0-9_-]+}.${rest}\`)`;
      return `HostSNIRegexp(\`^[a-z0-9_-]+\\.${rest.replaceAll(".", "\\.")}$\`)`;
    })
    .join(" || ");
}
