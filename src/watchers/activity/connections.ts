import type { Instance } from "../../providers/provider.ts";
import { ignores } from "./ignored-peers.ts";
import type { Evidence } from "./evidence.ts";
import type { Peer } from "./peer.ts";
import { isLoopback, parseTcp, type TcpSocket, type TcpTable } from "./proc-net.ts";

/** Reads a file of the host's proc file system. Rejects where it cannot be read. */
export type ReadProc = (path: string) => Promise<string>;

/** Connections to a target's own ports. */
export interface Connections {
  /** From proxies that ask us: a pool, or sessions. */
  readonly proxied: readonly Connection[];
  /** From everybody else whose connections count. */
  readonly direct: readonly Connection[];
}

export interface Connection {
  /** The same for as long as the connection lives. */
  readonly key: string;
  readonly peer: Peer;
  readonly queued: number;
}

export interface ConnectionsInput {
  readonly read: ReadProc;
  readonly instance: Instance;
  /** The configured port, if any. */
  readonly port: number | undefined;
  /** False for plain processes, which no cgroup names. */
  readonly inContainer: boolean;
  readonly peerOf: (address: string) => Peer;
  readonly ignored: readonly string[];
}

/**
 * The connections to a target, undefined where they cannot be read: no /proc of the host, another machine's engine,
 * no rights. The process is believed to be the target's only if its control group names the container, because
 * process ids of other machines and namespaces mean somebody else here.
 */
export async function readConnections(input: ConnectionsInput): Promise<Connections | undefined> {
  const { instance, read } = input;
  if (instance.pid === undefined) return undefined;
  const dir = String(instance.pid);
  try {
    if (input.inContainer && !(await read(`${dir}/cgroup`)).includes(instance.id)) return undefined;
    const [v4, v6] = await Promise.all([read(`${dir}/net/tcp`), read(`${dir}/net/tcp6`).catch(() => "")]);
    return sort(parseTcp(v4, v6), input);
  } catch {
    return undefined;
  }
}

/** What open connections alone say. `before` is an earlier reading, to tell a stuck transfer from a moment's bytes. */
export function judgeConnections(now: Connections | undefined, before?: Connections): Evidence {
  if (!now) {
    return {
      source: "connections",
      kind: "blind",
      detail: "open connections cannot be read: blind to quiet WebSockets",
    };
  }
  const numbers = { direct: now.direct.length, proxied: now.proxied.length };
  if (now.direct.length > 0) {
    const who = [...new Set(now.direct.map(({ peer }) => peer.name))];
    const detail = `${count(now.direct.length)} from ${who.join(", ")}`;
    return { source: "connections", kind: "in-use", detail, numbers, who };
  }
  // Bytes that nobody takes: a paused download, an upload that the app does not read. No counter moves then.
  const earlier = new Map(before?.proxied.map((connection) => [connection.key, connection.queued]));
  const stuck = now.proxied.filter(({ key, queued }) => queued > 0 && (earlier.get(key) ?? 0) > 0);
  if (stuck.length > 0) {
    const who = [...new Set(stuck.map(({ peer }) => peer.name))];
    const detail = `${count(stuck.length)} by ${who.join(", ")} with bytes on their way`;
    return { source: "connections", kind: "in-use", detail, numbers, who };
  }
  const detail =
    now.proxied.length === 0
      ? "none open"
      : `${String(now.proxied.length)} of ${[...new Set(now.proxied.map(({ peer }) => peer.name))].join(", ")}, kept for later requests`;
  return { source: "connections", kind: "quiet", detail, numbers };
}

function count(n: number): string {
  return n === 1 ? "1 open connection" : `${String(n)} open connections`;
}

function sort({ established, listening }: TcpTable, input: ConnectionsInput): Connections {
  const { instance, port, peerOf, ignored } = input;
  // In a network namespace of its own everything that listens is the target's; in a shared one only what it declares.
  const shared = instance.hostNetwork === true || instance.networkOwner !== undefined;
  const own = new Set([...(port === undefined ? [] : [port]), ...instance.exposedPorts]);
  const isOwn = (socket: TcpSocket): boolean =>
    shared ? own.has(socket.localPort) : listening.has(socket.localPort) || own.has(socket.localPort);
  const proxied: Connection[] = [];
  const direct: Connection[] = [];
  for (const socket of established) {
    if (!isOwn(socket)) continue;
    // The app talking to itself, its health command; in the host's namespace loopback is the host's proxy.
    if (isLoopback(socket.remoteAddress) && instance.hostNetwork !== true) continue;
    const peer = peerOf(socket.remoteAddress);
    if (peer.kind === "own" || ignores(ignored, peer)) continue;
    const key = `${socket.remoteAddress} ${String(socket.remotePort)} ${String(socket.localPort)}`;
    (peer.kind === "proxy" ? proxied : direct).push({ key, peer, queued: socket.queued });
  }
  return { proxied, direct };
}
