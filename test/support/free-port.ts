import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below the ports that the kernel gives to outgoing connections: one of these would take a port that a program was
 * told to use and does not listen on yet.
 */
const FIRST = 12_000;
const SHARE = 2_000;
const SHARES = 10;

/** Test files that run at the same time look in shares of their own. */
const share = Number(process.env["VITEST_POOL_ID"] ?? process.pid) % SHARES;
let next = Math.floor(Math.random() * SHARE);

/** A TCP port of 127.0.0.1 that was free a moment ago, for programs that cannot tell which one they took. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < SHARE; tries++) {
    const port = FIRST + share * SHARE + (next++ % SHARE);
    if (await isFree(port)) return port;
  }
  throw new Error("no port is free");
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
