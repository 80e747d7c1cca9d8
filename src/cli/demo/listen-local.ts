import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { messageOf, WakegateError } from "../../errors.ts";

/**
 * Listens on 127.0.0.1; 0 takes a free port. Resolves to the port.
 *
 * @throws WakegateError `listen_failed` when the port is taken or not permitted.
 */
export async function listenLocal(server: Server, port: number): Promise<number> {
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? "it is taken" : messageOf(error);
    throw new WakegateError(
      "listen_failed",
      `port ${String(port)} cannot be used: ${why}; choose another --port`,
      {
        cause: error,
      },
    );
  }
  return (server.address() as AddressInfo).port;
}
