import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { RawDocker } from "../../test/support/raw-docker.ts";
import { freePort } from "../../test/support/free-port.ts";

/**
 * An app that tells at which wall time (ms, with fractions) it began to listen, and how long its first answer took it
 * from the connection on: it is the one for which node loads and compiles what answers need.
 */
const CODE = `let at = 0, connected = 0, firstMs = 0;
const server = require("node:http").createServer((_, response) => {
  response.on("finish", () => { firstMs ||= performance.now() - connected; });
  response.end(JSON.stringify({ at, firstMs }));
});
server.on("connection", () => { connected ||= performance.now(); });
setTimeout(() => server.listen(8080, () => { at = performance.timeOrigin + performance.now(); }), Number(process.env.BOOT_MS));`;

/** A container of the bench and where its port is published. */
export interface App {
  readonly name: string;
  readonly port: number;
}

/** Makes the container without starting it. Without `labels` Wakegate does not manage it. */
export async function makeApp(
  docker: RawDocker,
  name: string,
  bootMs: number,
  labels?: Readonly<Record<string, string>>,
): Promise<App> {
  const port = await freePort();
  const own = labels && {
    enable: "true",
    hosts: `${name}.example.com`,
    foreign_stop_grace: "0s",
    idle_timeout: "never",
    ...labels,
  };
  await docker.create(name, {
    cmd: ["/bin/node", "-e", CODE],
    env: { BOOT_MS: String(bootMs) },
    labels: Object.fromEntries(Object.entries(own ?? {}).map(([key, value]) => [`wakegate.${key}`, value])),
    publish: { 8080: port },
  });
  return { name, port };
}

/** When the app began to listen, in monotonic ms of this process, and how long its first answer took. */
export interface Boot {
  readonly listening: number;
  readonly firstAnswerMs: number;
}

/** Asks an app that was asked before. @throws Error when it does not answer. */
export async function bootOf({ port }: App): Promise<Boot> {
  const { at, firstMs } = JSON.parse(await get(port)) as { at: number; firstMs: number };
  return { listening: at - performance.timeOrigin, firstAnswerMs: firstMs };
}

/** Asks the app every millisecond until it answers: the floor of every wake. */
export async function untilAnswers({ port }: App): Promise<void> {
  for (;;) {
    try {
      await get(port);
      return;
    } catch {
      await pause(1);
    }
  }
}

async function get(port: number): Promise<string> {
  const call = request({ host: "127.0.0.1", port, agent: false }).end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return text;
}
