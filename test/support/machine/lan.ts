import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

const MACHINE = new URL("./sleeping-machine.mjs", import.meta.url).pathname;

/** A network of two: this machine, and one that sleeps in a network namespace of its own. */
export interface Lan extends AsyncDisposable {
  /** The sleeping machine's address. */
  readonly address: string;
  /** The network's broadcast address. */
  readonly broadcast: string;
  readonly mac: string;
  readonly port: number;
  /** Argv that suspends the machine. */
  readonly suspend: readonly string[];
  /** What the machine said. */
  output(): string;
}

/** Needs root. The namespace and its link go away at disposal. */
export async function startLan(net = "10.249.7"): Promise<Lan> {
  const name = `wgt-nas-${String(process.pid)}`;
  const link = `wgn${String(process.pid)}`.slice(0, 14);
  const mac = "02:00:5e:10:00:07";
  const ip = (...args: string[]): void => void execFileSync("ip", args);
  ip("netns", "add", name);
  let child: ChildProcess | undefined;
  const remove = async (): Promise<void> => {
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    // Its end of the link goes with the namespace, and ours with it.
    ip("netns", "del", name);
  };
  try {
    ip("link", "add", link, "type", "veth", "peer", "name", "lan0", "netns", name);
    ip("addr", "add", `${net}.1/24`, "broadcast", `${net}.255`, "dev", link);
    ip("link", "set", link, "up");
    ip("-n", name, "link", "set", "lan0", "address", mac);
    ip("-n", name, "addr", "add", `${net}.2/24`, "broadcast", `${net}.255`, "dev", "lan0");
    ip("-n", name, "link", "set", "lan0", "up");
    child = spawn("ip", ["netns", "exec", name, process.execPath, MACHINE, mac, "8080"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    const ready = new Promise<void>((resolve) => {
      child?.stdout?.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes("asleep")) resolve();
      });
    });
    await Promise.race([
      ready,
      once(child, "exit").then(() => Promise.reject(new Error("the machine broke down"))),
    ]);
    // `ip netns exec` becomes the program itself.
    const suspend = ["kill", "-USR1", String(child.pid)];
    return {
      address: `${net}.2`,
      broadcast: `${net}.255`,
      mac,
      port: 8080,
      suspend,
      output: () => said,
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
