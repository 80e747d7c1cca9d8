import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** Where a process can read what it runs in. */
export interface SelfSources {
  readonly mountinfo: string;
  readonly cgroup: string;
  readonly hostname: string;
}

/**
 * The id of the container that this process runs in, if the engine lists it; undefined on a host. The files that
 * the engine mounts into every container come from a folder named after it, also with the host's network and
 * with a hostname of the user's own, which is why the hostname is asked last.
 */
export function findSelf(
  instances: readonly { readonly id: string }[],
  sources = readSources(),
): string | undefined {
  const ids = [
    /\/(?:overlay-)?containers\/([0-9a-f]{64})\/\S*(?:hostname|hosts|resolv\.conf) \/etc\//.exec(
      sources.mountinfo,
    )?.[1],
    /(?:\/docker[/-]|libpod-|\/)([0-9a-f]{64})(?:\.scope)?(?:$|\/)/m.exec(sources.cgroup)?.[1],
    /^[0-9a-f]{12}$/.exec(sources.hostname)?.[0],
  ];
  for (const id of ids) {
    const found = id && instances.find((instance) => instance.id.startsWith(id));
    if (found) return found.id;
  }
  return undefined;
}

function readSources(): SelfSources {
  return { mountinfo: read("/proc/self/mountinfo"), cgroup: read("/proc/self/cgroup"), hostname: hostname() };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
