import { once } from "node:events";
import { connect } from "node:net";
import { freePort } from "../../support/free-port.ts";
import { findBinary } from "../../support/require.ts";
import type { Sleeper } from "./sleepers.ts";

/** A Redis that keeps its data in a folder. `before`: shell commands that come first. */
export async function redis(folder: string, before = ""): Promise<Sleeper> {
  const port = await freePort();
  const options = `--port ${String(port)} --bind 127.0.0.1 --save '' --appendonly yes --dir ${folder}`;
  return {
    command: ["sh", "-c", `${before} exec ${findBinary("redis") ?? ""} ${options}`],
    port,
    keys: { readiness: { kind: "redis" } },
  };
}

/** One command of the Redis protocol, sent as a line, and the first line of the answer. */
export async function redisCommand(port: number, line: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let heard = "";
  socket.setEncoding("utf8").on("data", (text: string) => (heard += text));
  socket.write(`${line}\r\n`);
  while (!heard.endsWith("\r\n")) await once(socket, "data");
  socket.end();
  await once(socket, "end");
  return heard.trim();
}
