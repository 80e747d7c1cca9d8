import type { ListeningPort } from "./listening.ts";

/** That nothing listens where a target is asked, and what is known about it. */
export interface SilentPort {
  /** The ports of the app that were asked. */
  readonly ports: readonly number[];
  /** Where the port comes from, in words that follow it: `from label wakegate.port`. */
  readonly origin: string;
  /** The addresses that were asked. */
  readonly asked: readonly string[];
  /** What listens inside the container instead; undefined where that cannot be read. */
  readonly listening?: readonly ListeningPort[];
}

/** For how long connections are refused before that is worth saying; many apps need some seconds to listen. */
export const SILENT_AFTER_MS = 10_000;

/** `port 8080`, `ports 22 and 3000`. */
export function portsText(ports: readonly number[]): string {
  const last = ports.at(-1);
  if (ports.length < 2) return `port ${String(last ?? "")}`;
  return `ports ${ports.slice(0, -1).join(", ")} and ${String(last)}`;
}

/** For the operator, complete: what is asked, why that port, and what to check. */
export function silentPortText(name: string, { ports, origin, asked, listening }: SilentPort): string {
  const where = asked.length > 0 ? ` at ${asked.join(", ")}` : "";
  return `${name} runs, but nothing listens on its ${portsText(ports)} (${origin})${where}. ${adviceOf(ports, listening)}`;
}

function adviceOf(ports: readonly number[], listening: SilentPort["listening"]): string {
  const local = listening?.filter(({ port, loopbackOnly }) => loopbackOnly && ports.includes(port)) ?? [];
  if (local.length > 0)
    return `It listens on ${portsText(local.map(({ port }) => port))} at 127.0.0.1 only: let it listen on 0.0.0.0.`;
  const others = listening?.filter(({ loopbackOnly }) => !loopbackOnly).map(({ port }) => port) ?? [];
  if (others.length > 0)
    return `It listens on ${portsText(others)}: set wakegate.port to the port of its web server.`;
  return "Check that wakegate.port (or the port in the proxy's labels) is the port that the app listens on, and that it listens on 0.0.0.0, not on 127.0.0.1 only.";
}
