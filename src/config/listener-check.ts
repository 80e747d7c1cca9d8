import type { CheckedTarget, TargetPlace } from "./cross-check.ts";
import type { Problem, TargetSpec } from "./model.ts";
import type { ListenAddress, StreamProtocol, TcpSpec } from "./model/stream.ts";
import { formatListenAddress } from "./values/listen-address.ts";

/** What the check needs to know of a target. */
export type ListeningTarget = CheckedTarget & Pick<TargetSpec, "tcp" | "udp" | "stream">;

interface Claim {
  readonly target: ListeningTarget;
  readonly protocol: StreamProtocol | "udp";
}

/**
 * Listeners that cannot be: two targets on one that nothing tells apart, two protocols on one, or one of
 * Wakegate's own addresses. The target that comes later gets the problem; it names the other.
 */
export function listenerConflicts(
  targets: readonly ListeningTarget[],
  own: readonly ListenAddress[],
  place: TargetPlace,
): readonly Problem[] {
  const problems: Problem[] = [];
  const claims = new Map<string, Claim>();
  const names = new Map<string, ListeningTarget>();
  const claim = (target: ListeningTarget, path: readonly (string | number)[], forward: TcpSpec): void => {
    const { listen } = forward;
    const udp = path[0] === "udp";
    const at = formatListenAddress(listen);
    const report = (message: string): void => {
      problems.push({ severity: "error", ...place(target, path), value: at, message });
    };
    if (
      !udp &&
      own.some((other) => other.port === listen.port && listen.port !== 0 && meets(other, listen))
    ) {
      return report("Wakegate itself listens there (listen, public_listen): take another port");
    }
    const key = `${udp ? "udp" : "tcp"} ${at}`;
    const { protocol, names: written } = udp
      ? { protocol: "udp" as const, names: [] }
      : streamOf(target, forward);
    const first = claims.get(key) ?? { target, protocol };
    claims.set(key, first);
    if (first.protocol !== protocol) {
      return report(
        `${first.target.name} speaks ${first.protocol} on this listener (${first.target.origin}): one listener has one protocol`,
      );
    }
    for (const name of written.length > 0 && protocol !== "tcp" ? written : [""]) {
      const owner = names.get(`${key} ${name}`);
      if (!owner) names.set(`${key} ${name}`, target);
      else if (owner !== target || name === "") {
        const what = name === "" ? "this listener" : `the name ${name} on this listener`;
        const advice =
          protocol === "tcp" || protocol === "udp" ? "take another port" : "tell them apart by stream.names";
        report(`${owner.name} has ${what} already (${owner.origin}): ${advice}`);
      }
    }
  };
  for (const target of targets) {
    for (const [index, forward] of (target.tcp ?? []).entries()) claim(target, ["tcp", index], forward);
    for (const [index, forward] of (target.udp ?? []).entries()) claim(target, ["udp", index], forward);
  }
  return problems;
}

/** How a listener of a target tells that target from others. */
export function streamOf(
  { stream }: Pick<TargetSpec, "stream">,
  entry: { readonly protocol?: StreamProtocol; readonly names?: readonly string[] },
): { readonly protocol: StreamProtocol; readonly names: readonly string[] } {
  const protocol = entry.protocol ?? stream.protocol;
  return { protocol, names: protocol === "tcp" ? [] : (entry.names ?? stream.names) };
}

function meets(a: ListenAddress, b: ListenAddress): boolean {
  const all = (host: string): boolean => host === "0.0.0.0" || host === "::";
  return a.host === b.host || all(a.host) || all(b.host);
}
