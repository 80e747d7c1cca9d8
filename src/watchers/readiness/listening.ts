import { readFile } from "node:fs/promises";

/** `st` of a listening socket in /proc/net/tcp (include/net/tcp_states.h, TCP_LISTEN). */
const LISTEN = "0A";

/**
 * Whether a process's network namespace has a listening TCP socket on `port`, read from the host's proc file
 * system. Undefined where it cannot be read (other pid namespace, no right): that is no answer.
 */
export async function listensOn(procDir: string, pid: number, port: number): Promise<boolean | undefined> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) =>
      readFile(`${procDir}/${String(pid)}/net/${name}`, "utf8").catch(() => undefined),
    ),
  );
  if (tables.every((table) => table === undefined)) return undefined;
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return tables.some((table) => table !== undefined && hasListener(table, wanted));
}

/** Pure: `table` is the text of /proc/net/tcp or tcp6, `port` four upper-case hex digits. */
export function hasListener(table: string, port: string): boolean {
  return table
    .split("\n")
    .slice(1)
    .some((line) => {
      const [, local, , state] = line.trim().split(/\s+/);
      return state === LISTEN && local?.endsWith(`:${port}`) === true;
    });
}
