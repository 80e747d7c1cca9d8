import { once } from "node:events";
import { createServer } from "node:net";
import { listenLocal } from "./listen-local.ts";

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenLocal(server, 0);
  server.close();
  await once(server, "close");
  return port;
}
