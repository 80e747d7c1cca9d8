import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { findBinary } from "./require.ts";
import { tempFolder } from "./temp-folder.ts";

/** A Redis of one's own on 127.0.0.1, that keeps nothing: after a restart it is empty. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** One command, as its words; resolves to the raw answer. `auth`: a password, or user and password. */
  ask(words: readonly string[], auth?: readonly string[]): Promise<string>;
}

/** Starts `redis-server` with these lines of configuration and waits until it answers. */
export async function startRedis(lines: readonly string[] = []): Promise<RedisServer> {
  const folder = await tempFolder("redis");
  const port = await freePort();
  const config = join(folder.path, "redis.conf");
  const own = [`port ${String(port)}`, "bind 127.0.0.1", 'save ""', `dir ${folder.path}`, ...lines];
  await writeFile(config, `${own.join("\n")}\n`);
  let child: ChildProcess | undefined;
  const onExit = (): void => void child?.kill("SIGKILL");
  process.once("exit", onExit);
  const ask = (words: readonly string[], auth: readonly string[] = []): Promise<string> =>
    exchange(port, [...(auth.length > 0 ? [["AUTH", ...auth]] : []), words]);
  const restart = async (): Promise<void> => {
    child = spawn(findBinary("redis") ?? "redis-server", [config], { stdio: "ignore" });
    for (let tries = 0; ; tries++) {
      try {
        await ask(["PING"]);
        return;
      } catch (error) {
        if (tries > 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  };
  await restart();
  return {
    port,
    url: `redis://127.0.0.1:${String(port)}`,
    kill,
    restart,
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    ask,
    async [Symbol.asyncDispose]() {
      child?.kill("SIGCONT");
      await kill();
      process.removeListener("exit", onExit);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Sends commands one after the other on one connection; resolves to all that came back once it is silent. */
async function exchange(port: number, commands: readonly (readonly string[])[]): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  let heard = "";
  socket.setEncoding("utf8").on("data", (text: string) => (heard += text));
  for (const words of [...commands, ["QUIT"]]) {
    const parts = words.map((word) => `$${String(Buffer.byteLength(word))}\r\n${word}\r\n`);
    socket.write(`*${String(words.length)}\r\n${parts.join("")}`);
  }
  await once(socket, "end");
  socket.destroy();
  return heard.replace(/\+OK\r\n$/, "").trim();
}
