import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadSettings } from "../../src/config/load.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { DockerProvider } from "../../src/providers/docker/provider.ts";
import { Registry } from "../../src/watchers/registry/registry.ts";
import type { Watcher } from "../../src/watchers/watcher.ts";
import { sharedDockerd } from "../support/dockerd.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { RecordingLog } from "../support/recording-log.ts";
import type { RawDocker } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";

const IDLE_S = 2;

suite("docker", "what is in use, on a real engine", () => {
  let docker: RawDocker;
  let registry: Registry;
  let log: RecordingLog;
  let created: string[];
  let sockets: Socket[];

  beforeEach(async () => {
    docker = await sharedDockerd();
    created = [];
    sockets = [];
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await registry[Symbol.asyncDispose]();
    for (const id of created) await docker.rm(id);
  });

  /** A ready app, watched with its idle time of two seconds. `procDir`: where connections are read. */
  async function app(name: string, labels: Record<string, string> = {}, procDir: string | null = "/proc") {
    const id = await docker.run(name, {
      labels: {
        "wakegate.enable": "true",
        "wakegate.readiness.kind": "http",
        "wakegate.idle_timeout": `${String(IDLE_S)}s`,
        ...labels,
      },
    });
    created.push(id);
    const loaded = await loadSettings({ env: { DOCKER_HOST: `unix://${docker.socketPath}` } });
    if (!("settings" in loaded)) throw new Error("settings");
    log = new RecordingLog();
    registry = new Registry({
      settings: loaded.settings,
      clock: systemClock,
      store: new MemoryStore(),
      log,
      ...(procDir !== null && { procDir }),
    });
    const [spec] = loaded.settings.engines;
    if (spec?.kind !== "docker") throw new Error("no engine");
    registry.addEngine(new DockerProvider({ ...spec, name: "local" }, { clock: systemClock }));
    // The tests' own connections come from the host: from a proxy there.
    registry.noteAsker("127.0.0.1");
    await until(() => registry.watcher(name)?.state.kind === "ready");
    const watcher = registry.watcher(name);
    if (!watcher) throw new Error("no watcher");
    return { watcher, host: await docker.address(id), id };
  }

  async function until(condition: () => boolean, seconds = 20): Promise<void> {
    for (let tries = 0; !condition(); tries++) {
      if (tries > seconds * 40) throw new Error(`never came true: ${log.of("last_look").join("; ")}`);
      await delay(25);
    }
  }

  /** Opens a WebSocket to the app as a proxy does. */
  async function webSocket(host: string): Promise<Socket> {
    const socket = connect(8080, host);
    sockets.push(socket);
    socket.write(
      "GET /socket HTTP/1.1\r\nHost: app\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    await new Promise((resolve) => socket.once("data", resolve));
    return socket;
  }

  async function staysAwake(watcher: Watcher, seconds: number): Promise<void> {
    await delay(seconds * 1_000);
    expect(
      `${watcher.state.kind} ${watcher.state.kind === "ready" ? "" : JSON.stringify(watcher.insight.lastLook)}`,
    ).toBe("ready ");
  }

  test("keeps a quiet WebSocket awake by its connection, until it is closed", async () => {
    const { watcher, host } = await app("in-use-quiet");
    watcher.touch({ kind: "request", client: "10.0.0.5", path: "/socket", longLived: true });
    const socket = await webSocket(host);
    await staysAwake(watcher, 5 * IDLE_S);
    expect(watcher.insight.why().fact).toContain("is still connected");
    expect(watcher.insight.why().blindTo).toEqual([]);
    socket.destroy();
    await until(() => watcher.state.kind === "napping");
  });

  test("lets sleep what only a pool is connected to", async () => {
    const { watcher, host } = await app("in-use-pool");
    watcher.touch({ kind: "request" });
    const socket = connect(8080, host);
    sockets.push(socket);
    socket.write("GET /healthz HTTP/1.1\r\nHost: app\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    await until(() => watcher.state.kind === "napping");
    const looks = log.of("last_look").at(-1);
    expect(looks).toContain("is quiet");
    expect(watcher.insight.lastLook?.evidence.find(({ source }) => source === "connections")).toMatchObject({
      kind: "quiet",
      numbers: { direct: 0, proxied: 1 },
    });
  });

  test("names the container that keeps it awake", async () => {
    const { watcher, host } = await app("in-use-peer");
    created.push(
      await docker.run("in-use-sonarr", {
        image: "wakegate/busybox",
        cmd: ["sh", "-c", `sleep 600 | nc ${host} 8080`],
      }),
    );
    await staysAwake(watcher, 4 * IDLE_S);
    expect(watcher.insight.why().sources).toContainEqual(
      expect.objectContaining({ source: "connections", holds: true, who: ["in-use-sonarr"] }),
    );
  });

  test("stays awake while a command runs inside, and names it", async () => {
    const { watcher, id } = await app("in-use-exec");
    const run = async (...Cmd: string[]): Promise<void> => {
      const exec = (await docker.call("POST", `/containers/${id}/exec`, { Cmd })) as { Id: string };
      await docker.call("POST", `/exec/${exec.Id}/start`, { Detach: true });
    };
    await run("sh", "-c", "touch /held; while [ -e /held ]; do sleep 0.2; done");
    await until(() => watcher.insight.lastLook !== undefined, 60);
    expect(watcher.insight.lastLook?.inUse).toBe(true);
    expect(watcher.insight.why().sources).toContainEqual(
      expect.objectContaining({ source: "exec", holds: true, who: ["sh"] }),
    );
    expect(watcher.state.kind).toBe("ready");
    await run("rm", "/held");
    await until(() => watcher.state.kind === "napping", 60);
  });

  test("sees a slow download without /proc", async () => {
    const { watcher, host } = await app("in-use-bytes", { "wakegate.idle_timeout": "6s" }, null);
    // 200 events a second, about 5 KB/s.
    const download = request({ host, port: 8080, path: "/sse?ms=5" }, (response) => response.resume());
    download.on("error", () => undefined);
    download.end();
    await staysAwake(watcher, 20);
    expect(watcher.insight.why().blindTo[0]).toContain("quiet WebSockets");
    download.destroy();
    await until(() => watcher.state.kind === "napping");
  });

  test("asks the app itself", async () => {
    const { watcher } = await app("in-use-busy", {
      "wakegate.busy_check.http.path": "/?busy=1",
      "wakegate.busy_check.http.json_path": "headers.host",
    });
    await staysAwake(watcher, 4 * IDLE_S);
    expect(watcher.insight.why().fact).toContain("Busy: headers.host is");
  });

  test("pauses first, and the engine stops what is paused in good order", async () => {
    const { watcher, id } = await app("in-use-tiers", {
      "wakegate.pause_after": "1s",
      "wakegate.stop_after": "4s",
    });
    await until(() => watcher.state.kind === "napping");
    expect((await docker.inspect(id)).State.Status).toBe("paused");
    const pausedAt = Date.now();
    await until(() => watcher.state.kind === "napping" && watcher.state.how === "stopped");
    const { State } = await docker.inspect(id);
    expect(State).toMatchObject({ Status: "exited", ExitCode: 0 });
    expect(Date.now() - pausedAt).toBeLessThan(8_000);
    expect(await docker.text("GET", `/containers/${id}/logs?stdout=1`)).toContain("SIGTERM");
    watcher.wake({ by: "request" });
    await until(() => watcher.state.kind === "ready");
  });
});
