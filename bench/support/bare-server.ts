import { spawn } from "node:child_process";
import { once } from "node:events";

/** A process that listens on a loopback port. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
}

/** The least that node can do for a request: an empty 200. What all of us pay for is in it, and nothing else. */
const BARE = `const server = require("node:http").createServer((_, response) => response.end());
server.keepAliveTimeout = 130_000;
server.listen(0, "127.0.0.1", () => console.log(server.address().port));`;

/** Starts the reference of the verdict. */
export async function startBareServer(): Promise<ServerProcess> {
  const child = spawn(process.execPath, ["-e", BARE], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_ENV: "production" },
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return {
    pid: child.pid ?? 0,
    port: Number(line.toString()),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
