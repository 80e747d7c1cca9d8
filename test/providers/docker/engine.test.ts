import { request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../src/lib/clock.ts";
import { DockerProvider } from "../../../src/providers/docker/provider.ts";
import type { Instance } from "../../../src/providers/provider.ts";
import { RecordingSink } from "../../contract/recording-sink.ts";
import { sharedDockerd } from "../../support/dockerd.ts";
import type { ContainerOptions, RawDocker } from "../../support/raw-docker.ts";
import { suite } from "../../support/require.ts";

const never = new AbortController().signal;

suite("docker", "the Docker provider on a real engine", () => {
  let docker: RawDocker;
  let provider: DockerProvider;
  let created: string[];

  beforeEach(async () => {
    docker = await sharedDockerd();
    provider = new DockerProvider(
      { kind: "docker", name: "local", url: `unix://${docker.socketPath}` },
      { clock: systemClock },
    );
    created = [];
  });

  afterEach(async () => {
    for (const id of created) await docker.rm(id);
    await provider[Symbol.asyncDispose]();
  });

  async function add(name: string, options: ContainerOptions = {}): Promise<string> {
    const id = await docker.create(`engine-${name}`, options);
    created.push(id);
    return id;
  }

  async function look(id: string): Promise<Instance> {
    const instance = await provider.inspect(id, never);
    if (!instance) throw new Error("gone");
    return instance;
  }

  async function eventually(condition: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await condition()); tries++) {
      if (tries > 1_200) throw new Error("never came true");
      await delay(25);
    }
  }

  test("lists the commands that others run inside, not the health command and not its own", async () => {
    const id = await add("commands", {
      health: { test: ["CMD-SHELL", "sleep 3600"], intervalMs: 100 },
    });
    await docker.start(id);
    const running = async (): Promise<number> =>
      ((await docker.call("GET", `/containers/${id}/json`)) as { ExecIDs: string[] | null }).ExecIDs
        ?.length ?? 0;
    const own = new AbortController();
    const waited = provider.exec(id, ["sleep", "3600"], own.signal).catch(() => undefined);
    await eventually(async () => (await running()) >= 2);
    expect(await provider.commands(id, never)).toEqual([]);
    // An abort ends only the waiting: the command continues.
    own.abort(new Error("enough"));
    await waited;
    const exec = (await docker.call("POST", `/containers/${id}/exec`, { Cmd: ["sleep", "3601"] })) as {
      Id: string;
    };
    expect(await provider.commands(id, never)).toEqual([]);
    await docker.call("POST", `/exec/${exec.Id}/start`, { Detach: true });
    await eventually(async () => (await provider.commands(id, never)).length > 0);
    expect(await provider.commands(id, never)).toEqual([["sleep", "3601"]]);
  });

  test("tells everything that readiness and sleeping need to know", async () => {
    const id = await add("full", {
      labels: { "wakegate.enable": "true", "com.example": "ä" },
      publish: { 8080: 0 },
      health: { test: ["CMD-SHELL", "wget -qO- http://127.0.0.1:8080/healthz"], intervalMs: 200 },
      stopSignal: "SIGUSR1",
      stopTimeoutSeconds: 3,
      restart: "unless-stopped",
    });
    await provider.wake({ id, status: "created" }, never);
    const instance = await look(id);
    expect(instance).toMatchObject({
      name: "engine-full",
      image: "wakegate/sleepy",
      labels: { "wakegate.enable": "true", "com.example": "ä" },
      networks: [{ name: "bridge", address: await docker.address(id) }],
      exposedPorts: [8080],
      publishedPorts: [
        { port: 8080, hostAddress: "127.0.0.1", hostPort: await docker.publishedPort(id, 8080) },
      ],
      healthcheck: ["/bin/sh", "-c", "wget -qO- http://127.0.0.1:8080/healthz"],
      stopSignal: "SIGUSR1",
      stopTimeoutMs: 3000,
      restartPolicy: "unless-stopped",
    });
    await eventually(async () => (await look(id)).health === "healthy");
    const health = await provider.exec(id, instance.healthcheck ?? [], never);
    expect(health.exitCode).toBe(0);
  });

  test("lists what it inspects, networks and their owners included", async () => {
    await docker.createNetwork("engine_net");
    try {
      const owner = await add("owner", { network: "engine_net" });
      const guest = await add("guest", { network: `container:${owner}`, env: { PORT: "9090" } });
      const host = await add("host", { network: "host", env: { PORT: "0" } });
      for (const id of [owner, guest, host]) await docker.start(id);
      const sink = new RecordingSink();
      const stop = new AbortController();
      const done = provider.watch(sink, stop.signal);
      await sink.until("listed", ({ listings }) => listings.length === 1);
      for (const id of [owner, guest, host]) {
        const listed = sink.listings[0]?.instances.find((instance) => instance.id === id);
        expect(await look(id)).toMatchObject(listed ?? {});
      }
      expect((await look(owner)).networks).toMatchObject([
        { name: "engine_net", address: await docker.address(owner, "engine_net") },
      ]);
      expect(await look(guest)).toMatchObject({ networks: [], networkOwner: owner });
      expect((await look(host)).hostNetwork).toBe(true);
      await docker.disconnect("engine_net", owner);
      await sink.until("disconnected", (sink) => sink.causes(owner).includes("network"));
      stop.abort();
      await done;
    } finally {
      for (const id of created) await docker.rm(id);
      await docker.removeNetwork("engine_net");
    }
  });

  test("starts once for many who ask at once", async () => {
    const since = Date.now();
    const id = await add("many");
    await Promise.all(Array.from({ length: 20 }, () => provider.wake({ id, status: "created" }, never)));
    expect(await docker.count("start", id, since)).toBe(1);
  });

  test("tells why a start failed", async () => {
    const id = await add("broken", { cmd: ["/bin/not-there"] });
    const wake = provider.wake({ id, status: "created" }, never);
    await expect(wake).rejects.toMatchObject({
      name: "ProviderError",
      code: "engine_failed",
      message: expect.stringContaining("not-there") as string,
    });
    const { status, exit } = await look(id);
    expect(status).toBe("created");
    expect(exit).toMatchObject({ code: 127, message: expect.stringContaining("not-there") as string });
  });

  test("keeps down what a restart policy would bring back", async () => {
    for (const [name, options] of [
      ["always", { restart: "always" }],
      ["always-signal", { restart: "always", stopSignal: "SIGQUIT" }],
    ] as const) {
      const id = await add(name, options);
      await docker.start(id);
      await eventually(async () => (await provider.logs(id, { lines: 9, bytes: 999 }, never)).length > 1);
      await provider.sleep(id, { method: "stop", signal: "SIGUSR1", timeoutMs: 3000 }, never);
      await delay(500);
      expect((await look(id)).status).toBe("exited");
      await provider.wake({ id, status: "exited" }, never);
      await provider.sleep(id, { method: "kill" }, never);
      await delay(300);
      expect((await look(id)).status).toBe("exited");
    }
  });

  test("reads the logs of a terminal, which are not framed", async () => {
    const id = await add("tty", {
      image: "wakegate/busybox",
      tty: true,
      cmd: ["sh", "-c", "echo héllo; echo two >&2"],
    });
    await docker.start(id);
    await eventually(async () => (await look(id)).status === "exited");
    expect(await provider.logs(id, { lines: 5, bytes: 500 }, never)).toEqual(["héllo", "two"]);
  });

  test("keeps memory bounded for endless lines", async () => {
    const cmd = ["sh", "-c", "head -c 30000000 /dev/zero | tr '\\0' x; echo; echo end"];
    const id = await add("flood", { image: "wakegate/busybox", cmd });
    await docker.start(id);
    await eventually(async () => (await look(id)).status === "exited");
    expect(await provider.logs(id, { lines: 5, bytes: 500 }, never)).toEqual(["end"]);
  });

  test("counts the bytes that went through", async () => {
    const id = await add("usage");
    await docker.start(id);
    const address = await docker.address(id);
    await eventually(async () => (await provider.logs(id, { lines: 9, bytes: 999 }, never)).length > 1);
    const before = await provider.usage(id, never);
    await new Promise<void>((resolve, reject) => {
      const call = request(`http://${address}:8080/big?bytes=500000`, (response) => {
        response.resume().on("end", resolve);
      });
      call.on("error", reject).end();
    });
    await eventually(async () => {
      const after = await provider.usage(id, never);
      return (after?.sentBytes ?? 0) - (before?.sentBytes ?? 0) > 500_000;
    });
  });
});
