/** One connection or listener of a container, as a test writes it. */
export interface FakeSocket {
  readonly from?: string;
  readonly port: number;
  readonly remotePort?: number;
  /** Bytes that wait to be sent. */
  readonly queued?: number;
}

/** A proc file system in memory, in the kernel's own format. */
export class FakeProc {
  readonly #sockets = new Map<number, { readonly id: string; readonly sockets: FakeSocket[] }>();
  /** False: nothing can be read. */
  readable = true;

  /** The process of a container that listens on `port`. */
  add(pid: number, id: string, port: number): FakeSocket[] {
    const sockets: FakeSocket[] = [{ port }];
    this.#sockets.set(pid, { id, sockets });
    return sockets;
  }

  readonly read = async (path: string): Promise<string> => {
    const [, pid = "", file = ""] = /^(\d+)\/(.*)$/.exec(path) ?? [];
    const entry = this.#sockets.get(Number(pid));
    if (!entry || !this.readable) throw new Error(`ENOENT ${path}`);
    await Promise.resolve();
    if (file === "cgroup") return `12:cpu:/docker/${entry.id}\n`;
    return file === "net/tcp" ? tableOf(entry.sockets) : HEADER;
  };
}

const HEADER =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

function tableOf(sockets: readonly FakeSocket[]): string {
  return (
    HEADER +
    sockets
      .map(({ from, port, remotePort = 40_000, queued = 0 }, index) => {
        const local = `${hex(from === undefined ? "0.0.0.0" : "172.18.0.9")}:${word(port)}`;
        const remote = from === undefined ? "00000000:0000" : `${hex(from)}:${word(remotePort)}`;
        const state = from === undefined ? "0A" : "01";
        const queue = queued.toString(16).toUpperCase().padStart(8, "0");
        return `   ${String(index)}: ${local} ${remote} ${state} ${queue}:00000000 00:00000000 00000000     0        0 ${String(1000 + index)} 1 0000000000000000 20 4 30 10 -1\n`;
      })
      .join("")
  );
}

function hex(address: string): string {
  const bytes = address.split(".").map((byte) => Number(byte).toString(16).toUpperCase().padStart(2, "0"));
  return bytes.reverse().join("");
}

function word(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}
