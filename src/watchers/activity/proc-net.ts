/** A TCP connection as the kernel lists it. */
export interface TcpSocket {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Bytes that wait: sent and not acknowledged, or received and not read. */
  readonly queued: number;
}

/** The part of /proc/net/tcp and tcp6 that matters here. */
export interface TcpTable {
  readonly established: readonly TcpSocket[];
  /** Listening on anything but loopback. */
  readonly listening: ReadonlySet<number>;
}

/** States of include/net/tcp_states.h. */
const ESTABLISHED = "01";
const LISTEN = "0A";

/** Reads the texts of /proc/net/tcp and /proc/net/tcp6. Lines that make no sense are passed over. Pure. */
export function parseTcp(...texts: readonly string[]): TcpTable {
  const established: TcpSocket[] = [];
  const listening = new Set<number>();
  for (const text of texts) {
    for (const line of text.split("\n").slice(1)) {
      const [, local = "", remote = "", state, queues = ""] = line.trim().split(/\s+/);
      if (state !== ESTABLISHED && state !== LISTEN) continue;
      const here = endOf(local);
      const there = endOf(remote);
      if (!here || !there) continue;
      if (state === LISTEN) {
        if (!isLoopback(here.address)) listening.add(here.port);
        continue;
      }
      const [sent = 0, received = 0] = queues.split(":").map((hex) => Number.parseInt(hex, 16) || 0);
      established.push({
        localAddress: here.address,
        localPort: here.port,
        remoteAddress: there.address,
        remotePort: there.port,
        queued: sent + received,
      });
    }
  }
  return { established, listening };
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

function endOf(text: string): { readonly address: string; readonly port: number } | undefined {
  const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/i.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  return { address: addressOf(match[1]), port: Number.parseInt(match[2], 16) };
}

/** The kernel writes each 32-bit word in the machine's order; all that run containers are little-endian. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  );
  if (bytes.length === 4) return bytes.join(".");
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) return bytes.slice(12).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  return shorten(groups.map((group) => group.toString(16)).join(":"));
}

/** RFC 5952: the longest run of zeros becomes `::`. */
function shorten(address: string): string {
  const runs = address.match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return address;
  const short = address.replace(longest, "::").replace(/:{3,}/, "::");
  return short;
}
