import { readFile } from "node:fs/promises";

/** `st` of a listening socket in /proc/net/tcp (include/net/tcp_states.h, TCP_LISTEN). */
const LISTEN = "0A";

/** A port that a program listens on. */
export interface ListeningPort {
  readonly port: number;
  /** Only programs in its own network namespace can connect. */
  readonly loopbackOnly: boolean;
}

/**
 * The TCP ports that somebody listens on in a process's network namespace, ascending, read from the host's proc file
 * system. Undefined where it cannot be read (other pid namespace, no right): that is no answer.
 */
export async function listeningPorts(
  procDir: string,
  pid: number,
): Promise<readonly ListeningPort[] | undefined> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) =>
      readFile(`${procDir}/${String(pid)}/net/${name}`, "utf8").catch(() => undefined),
    ),
  );
  const readable = tables.filter((table) => table !== undefined);
  return readable.length === 0 ? undefined : listenersIn(readable);
}

/** Whether somebody listens on `port`; see {@link listeningPorts}. */
export async function listensOn(procDir: string, pid: number, port: number): Promise<boolean | undefined> {
  const ports = await listeningPorts(procDir, pid);
  return ports?.some((one) => one.port === port);
}

/** Pure: `tables` are the texts of /proc/net/tcp and tcp6. */
export function listenersIn(tables: readonly string[]): readonly ListeningPort[] {
  const found = new Map<number, ListeningPort>();
  for (const line of tables.flatMap((table) => table.split("\n").slice(1))) {
    const [, local = "", , state] = line.trim().split(/\s+/);
    const [address = "", hex = ""] = local.split(":");
    // Docker's own name server listens in each container.
    if (state !== LISTEN || address === "0B00007F") continue;
    const port = Number.parseInt(hex, 16);
    const loopbackOnly = isLoopback(address) && found.get(port)?.loopbackOnly !== false;
    found.set(port, { port, loopbackOnly });
  }
  return [...found.values()].sort((a, b) => a.port - b.port);
}

/** An address as the kernel writes it there: each 32-bit word in the machine's byte order. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith("7F");
  return address === "00000000000000000000000001000000" || /^0{16}FFFF0000.{6}7F$/.test(address);
}
