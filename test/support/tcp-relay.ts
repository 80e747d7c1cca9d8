import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A way to a port of this machine that a test can spoil. */
export interface TcpRelay extends AsyncDisposable {
  readonly port: number;
  /** Takes bytes and passes none on, in both directions, until `pass`: what a cut cable looks like. */
  swallow(): void;
  /** Resets all connections and takes no new ones, until `pass`. */
  refuse(): void;
  /** Each piece comes this much later, ms. */
  delay(ms: number): void;
  /** Lets everything through again: what was swallowed is lost, and so are its connections. */
  pass(): void;
}

/** Opens a {@link TcpRelay} in front of `to`. */
export async function openTcpRelay(to: number): Promise<TcpRelay> {
  const open = new Set<Socket>();
  let mode: "pass" | "swallow" | "refuse" = "pass";
  let lateMs = 0;
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  const server = createServer((near) => {
    open.add(near);
    near.on("error", () => undefined).on("close", () => open.delete(near));
    if (mode === "refuse") return near.destroy();
    const far = connect({ port: to, host: "127.0.0.1" });
    open.add(far);
    far.on("error", () => undefined).on("close", () => open.delete(far));
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (piece) => {
        if (mode !== "pass") return;
        if (lateMs === 0) into.write(piece);
        else setTimeout(() => into.writable && into.write(piece), lateMs);
      });
      from.on("close", () => into.destroy());
    }
    return undefined;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    swallow() {
      mode = "swallow";
    },
    refuse() {
      mode = "refuse";
      cut();
    },
    delay(ms) {
      lateMs = ms;
    },
    pass() {
      if (mode !== "pass") cut();
      mode = "pass";
      lateMs = 0;
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
