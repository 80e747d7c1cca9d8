import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { expect, it } from "vitest";
import { AsyncStack } from "../../src/lib/disposables.ts";
import { freePort } from "../support/free-port.ts";
import { startProxy, type RunningProxy } from "../support/proxy-process.ts";
import { findBinary, suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { ask } from "./support/ask.ts";
import { engineOfFile, makeApp, putBefore, untilAsleep } from "./support/stage.ts";
import { startWakegate } from "./support/wakegate.ts";

const SHIPPED = new URL("../../examples/socket-proxy/haproxy.cfg", import.meta.url);
const engine = engineOfFile();

/** The shipped file before this engine. */
async function startSocketProxy(socketPath: string): Promise<RunningProxy> {
  const owns = await tempFolder("socket-proxy");
  const port = await freePort();
  const config = (await readFile(SHIPPED, "utf8"))
    .replace("bind :2375", `bind 127.0.0.1:${String(port)}`)
    .replace("/var/run/docker.sock", socketPath);
  const path = join(owns.path, "haproxy.cfg");
  await writeFile(path, config);
  return await startProxy({ program: findBinary("haproxy") ?? "", args: ["-db", "-f", path], port, owns });
}

function statusOf(url: string, method: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { method, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
}

suite(["docker", "haproxy", "caddy"], "Wakegate behind the socket proxy of the examples", () => {
  it("wakes, puts to sleep and follows what others do, with the rights that are listed", async () => {
    const docker = await engine();
    await using stack = new AsyncStack();
    const proxy = stack.use(await startSocketProxy(docker.socketPath));
    const local = `tcp://127.0.0.1:${String(proxy.port)}`;
    const wakegate = stack.use(await startWakegate({ providers: `docker: { local: "${local}" }` }));
    const stage = { docker, wakegate };
    const stopped = stack.use(
      await makeApp(stage, "behind-stop", { is: "stopped", labels: { idle_timeout: "1s" } }),
    );
    const paused = stack.use(
      await makeApp(stage, "behind-pause", { labels: { idle_timeout: "1s", stop_method: "pause" } }),
    );
    for (const app of [stopped, paused]) {
      const front = stack.use(await putBefore("caddy", stage, app));
      expect((await ask(front.url())).status).toBe(200);
    }
    await untilAsleep(stage, "behind-stop", "stopped");
    await untilAsleep(stage, "behind-pause", "paused");
    const complaints = wakegate.log().filter(({ level }) => level === "error" || level === "warn");
    expect(complaints.map(({ event, msg }) => `${event}: ${msg}`)).toEqual([]);
  });

  it("refuses what Wakegate never asks for", async () => {
    const docker = await engine();
    await using proxy = await startSocketProxy(docker.socketPath);
    const calls: readonly [method: string, path: string][] = [
      ["POST", "/v1.41/containers/create"],
      ["DELETE", "/v1.41/containers/x"],
      ["POST", "/containers/x/exec"],
      ["POST", "/containers/x/update"],
      ["GET", "/v1.41/containers/x/archive"],
      ["POST", "/images/create"],
      ["GET", "/v1.41/containers/../images/json"],
      ["PUT", "/containers/json"],
      ["POST", "/containers/json"],
      ["GET", "/secrets"],
    ];
    const answers: number[] = [];
    for (const [method, path] of calls) answers.push(await statusOf(`${proxy.url}${path}`, method));
    expect(answers).toEqual(calls.map(() => 403));
    expect(await statusOf(`${proxy.url}/version`, "GET")).toBe(200);
  });
});
