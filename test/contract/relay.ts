import { rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { tempFolder } from "../support/temp-folder.ts";

/** A unix socket in front of another, whose connections a test can cut. */
export interface Relay extends AsyncDisposable {
  readonly path: string;
  /** Resets every open connection; new ones are served. */
  cut(): void;
  /** Resets every open connection and removes the socket. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

/** Opens a {@link Relay} in front of the socket `to`. */
export async function openRelay(to: string): Promise<Relay> {
  const folder = await tempFolder("relay");
  const path = join(folder.path, "relay.sock");
  const open = new Set<Socket>();
  const build = (): ReturnType<typeof createServer> =>
    createServer((near) => {
      const far = connect(to);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        open.add(socket);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          open.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
  let server = build();
  const listen = (): Promise<void> => new Promise((resolve) => server.listen(path, resolve));
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  const goAway = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    cut();
    await closed;
    rmSync(path, { force: true });
  };
  await listen();
  return {
    path,
    cut,
    goAway,
    async comeBack() {
      server = build();
      await listen();
    },
    async [Symbol.asyncDispose]() {
      await goAway();
      await folder[Symbol.asyncDispose]();
    },
  };
}
