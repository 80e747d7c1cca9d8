import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startDockerd, type PrivateDockerd } from "../support/dockerd.ts";
import { RawDocker, type ContainerOptions } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { ask, eventually, followEngine, statusOf, visit } from "./support/visit.ts";
import { startWakegate } from "./support/wakegate.ts";

const HOST = "app.test";
const TOLD = { "wakegate.page.details": "true", "wakegate.page.logs": "true" };
/** As in a container that does not see the host's processes: else a listening socket is proof enough. */
const NO_PROC = { WAKEGATE_PROC_DIR: "/there-is-no-proc" };

suite("docker", "an app that cannot wake up", () => {
  let dockerd: PrivateDockerd;
  let docker: RawDocker;

  beforeAll(async () => {
    dockerd = await startDockerd();
    docker = new RawDocker(dockerd.socketPath);
  });
  afterAll(async () => {
    await dockerd[Symbol.asyncDispose]();
  });

  async function rig(options: ContainerOptions = {}, env: Readonly<Record<string, string>> = {}) {
    const folder = await mkdtemp(join(tmpdir(), "wakegate-app-"));
    await docker.create("app", {
      ...options,
      binds: { [folder]: "/data" },
      labels: { "wakegate.enable": "true", "wakegate.hosts": HOST, ...options.labels },
    });
    const events = await followEngine(docker);
    const wakegate = await startWakegate({ socketPath: dockerd.socketPath, env });
    return {
      wakegate,
      events,
      ask: (navigate = false) => ask(wakegate, HOST, { navigate }),
      failure: () => wakegate.until("wake_failed", "app", 60_000),
      async [Symbol.asyncDispose]() {
        await wakegate[Symbol.asyncDispose]();
        events[Symbol.dispose]();
        await docker.rm("app");
        await rm(folder, { recursive: true, force: true });
      },
    };
  }

  it("exits: held request, page and log say with which code and last words", async () => {
    await using r = await rig({ labels: TOLD, env: { BOOT_MS: "60000", EXIT_MS: "300", EXIT_CODE: "3" } });
    const held = await r.ask();
    expect(held).toMatchObject({ status: 503, state: "error" });
    expect(held.body).toContain("exit code 3");
    expect(held.body).toContain("fatal: exiting with 3 as asked");
    expect(held.retryAfter).toBeGreaterThanOrEqual(1);
    const line = await r.failure();
    expect(line.msg).toContain("exit code 3");
    expect(line["reason"]).toBe("exited");
    expect(line["log"]).toEqual(expect.arrayContaining(["sleepy: fatal: exiting with 3 as asked"]));
    const page = await eventually("page", async () => {
      const answer = await r.ask(true);
      return answer.state === "error" ? answer : undefined;
    });
    expect(page.status).toBe(503);
    expect(page.body).toContain("fatal: exiting with 3 as asked");
  });

  it("exits: strangers are told no details, and no log lines unless logs are shown", async () => {
    await using r = await rig({ env: { BOOT_MS: "60000", EXIT_MS: "100", EXIT_CODE: "3" } });
    const held = await r.ask();
    expect(held).toMatchObject({ status: 503, state: "error" });
    expect(held.body).not.toMatch(/exit|fatal/);
    expect((await r.ask(true)).body).not.toMatch(/exit code|fatal:/);
    await docker.rm("app");
    await docker.create("app", {
      labels: {
        "wakegate.enable": "true",
        "wakegate.hosts": HOST,
        "wakegate.page.details": "true",
      },
      env: { BOOT_MS: "60000", EXIT_MS: "100", EXIT_CODE: "4" },
    });
    const told = await eventually("the other container", async () => {
      const answer = await r.ask();
      return answer.body.includes("exit code 4") ? answer : undefined;
    });
    expect(told.body).not.toContain("fatal:");
    expect((await r.ask(true)).body).not.toContain("fatal:");
  });

  it("exits: a cool-down that grows holds further starts back, however many ask", async () => {
    await using r = await rig({ env: { BOOT_MS: "60000", EXIT_MS: "0" } });
    const starts = (): readonly number[] => r.events.times("start", "app");
    const dies = (): readonly number[] => r.events.times("die", "app");
    await eventually("the third start", async () => {
      await Promise.all(Array.from({ length: 20 }, () => r.ask()));
      return starts().length >= 3;
    });
    // 1 s after the first failure, 2 s after the second.
    expect((starts()[1] ?? 0) - (dies()[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect((starts()[2] ?? 0) - (dies()[1] ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  it("exits once: the first request after the cool-down is answered by the app", async () => {
    await using r = await rig({ env: { EXIT_MS: "50", BOOT_MS: "200", EXIT_ONCE: "/data/failed" } });
    expect(await r.ask()).toMatchObject({ status: 503, state: "error" });
    const answer = await eventually("recovery", async () => {
      const visited = await visit(r.wakegate, docker, "app", HOST);
      return visited.status === 200 ? visited : undefined;
    });
    expect(answer.app).toBe("sleepy");
    expect(r.events.times("start", "app")).toHaveLength(2);
  });

  it("exits once under a restart policy: the same wake goes on with the engine's next run", async () => {
    await using r = await rig({
      restart: "on-failure",
      env: { EXIT_MS: "50", BOOT_MS: "200", EXIT_ONCE: "/data/failed" },
    });
    expect(await visit(r.wakegate, docker, "app", HOST)).toMatchObject({ status: 200, app: "sleepy" });
    expect(r.wakegate.log().filter(({ event }) => event === "wake_started")).toHaveLength(1);
    expect(r.wakegate.log().filter(({ event }) => event === "wake_failed")).toEqual([]);
  });

  it.each(["unless-stopped", "always", "on-failure"] as const)(
    "exits for ever under restart: %s: the wake ends at the second exit, with exit code and last words",
    async (restart) => {
      await using r = await rig({
        restart,
        labels: { ...TOLD, "wakegate.wake_timeout": "3m" },
        env: { EXIT_MS: "150", BOOT_MS: "60000", EXIT_CODE: "5" },
      });
      const held = await r.ask();
      expect(held).toMatchObject({ status: 503, state: "error" });
      expect(held.body).toMatch(/stopped while starting, \d times in a row \(exit code 5\)/);
      const line = await r.failure();
      expect(line["reason"]).toBe("exited");
      expect(line["log"]).toEqual(expect.arrayContaining(["sleepy: fatal: exiting with 5 as asked"]));
      expect(line.msg).toContain("Its last line: sleepy: fatal: exiting with 5 as asked");
    },
  );

  it("exits for ever at once under a restart policy: the last words are those of a run that ended", async () => {
    await using r = await rig({
      restart: "unless-stopped",
      labels: { ...TOLD, "wakegate.wake_timeout": "3m" },
      env: { EXIT_MS: "0", BOOT_MS: "60000", EXIT_CODE: "6" },
    });
    const held = await r.ask();
    expect(held).toMatchObject({ status: 503, state: "error" });
    expect(held.body).toContain("fatal: exiting with 6 as asked");
  });

  it("runs out of memory: that is what is said", async (context) => {
    const { MemoryLimit } = (await docker.call("GET", "/info")) as { MemoryLimit: boolean };
    if (!MemoryLimit) context.skip("this machine's engine cannot limit memory");
    await using r = await rig({
      image: "wakegate/busybox",
      cmd: ["/bin/sh", "-c", "x=0123456789abcdef; while :; do x=$x$x; done"],
      labels: { ...TOLD, "wakegate.port": "8080" },
      extra: { HostConfig: { Memory: 16 * 1024 * 1024, MemorySwap: 16 * 1024 * 1024 } },
    });
    expect((await r.ask()).body).toContain("ran out of memory");
    expect((await r.failure())["reason"]).toBe("out_of_memory");
  });

  it("listens on another port: after 10 s page, why and log say so, long before the wake timeout", async () => {
    await using r = await rig({
      labels: { ...TOLD, "wakegate.port": "8081", "wakegate.wake_timeout": "3m" },
    });
    const page = await eventually(
      "the page says so",
      async () => {
        const { body } = await r.ask(true);
        return body.includes("nothing listens on its port 8081") ? body : undefined;
      },
      30_000,
    );
    expect(page).not.toContain("failed to wake");
    const line = await r.wakegate.until("port_silent", "app", 30_000);
    expect(line.msg).toContain("nothing listens on its port 8081 (from label wakegate.port)");
    expect(line.msg).toContain("It listens on port 8080: set wakegate.port");
  });

  it("listens on another port: in the end that is the failure's message, and not to raise wake_timeout", async () => {
    await using r = await rig({
      labels: { ...TOLD, "wakegate.port": "8081", "wakegate.wake_timeout": "4s" },
    });
    const held = await r.ask();
    expect(held).toMatchObject({ status: 503, state: "error" });
    expect(held.body).toContain("nothing listens on its port 8081 (from label wakegate.port)");
    expect(held.body).not.toContain("wake_timeout");
    expect((await r.failure())["reason"]).toBe("no_listener");
  });

  it("listens on 127.0.0.1 alone: the failure says so", async () => {
    await using r = await rig({
      labels: { ...TOLD, "wakegate.wake_timeout": "4s" },
      env: { HOST: "127.0.0.1" },
    });
    const held = await r.ask();
    expect(held.body).toContain("It listens on port 8080 at 127.0.0.1 only: let it listen on 0.0.0.0.");
  });

  it("declares several ports and names none: the one that answers as HTTP is taken, not the lowest", async () => {
    await using r = await rig({ extra: { ExposedPorts: { "22/tcp": {}, "8080/tcp": {} } } });
    expect(await visit(r.wakegate, docker, "app", HOST)).toMatchObject({ status: 200, app: "sleepy" });
  });

  it("accepts and never answers: no_answer after the wake timeout, and it is asked again", async () => {
    await using r = await rig({
      labels: { ...TOLD, "wakegate.wake_timeout": "5s" },
      env: { HUNG: "1" },
    });
    const held = await r.ask();
    expect(held).toMatchObject({ status: 503, state: "error" });
    expect(held.body).toMatch(/did not answer at [\d.]+:8080 within 5 s/);
    expect(held.body).toContain("Port 8080 is the only one that its image declares.");
    expect((await r.failure())["reason"]).toBe("no_answer");
    await eventually("a second try", () =>
      r.ask().then(() => r.wakegate.log().filter(({ event }) => event === "wake_failed").length > 1),
    );
    // It runs, so there is nothing to start.
    expect(r.events.times("start", "app")).toHaveLength(1);
  });

  it("answers 503 for ever: the failure names the status and the way out", async () => {
    await using r = await rig({
      labels: { ...TOLD, "wakegate.wake_timeout": "2s" },
      env: { ERROR_MS: "3600000" },
    });
    const held = await r.ask();
    expect(held).toMatchObject({ status: 503, state: "error" });
    expect(held.body).toContain("answers 503 to GET /");
    expect(held.body).toContain("readiness.status");
    expect((await r.failure())["reason"]).toBe("bad_answer");
  });

  it("runs without answering: is put to sleep after its idle time all the same", async () => {
    await using r = await rig({
      labels: { "wakegate.wake_timeout": "1s", "wakegate.idle_timeout": "2s" },
      env: { HUNG: "1" },
    });
    expect(await r.ask()).toMatchObject({ status: 503, state: "error" });
    await r.events.until("die", "app");
    expect(await statusOf(docker, "app")).toBe("exited");
  });

  it("shares no network: the failure names what it has and what would help", async () => {
    await using r = await rig({ labels: TOLD, network: "none" }, NO_PROC);
    const held = await r.ask();
    expect(held).toMatchObject({ status: 503, state: "error" });
    expect(held.body).toContain("share no network with app (it has: none)");
    expect(held.body).toContain("wakegate.address");
    expect((await r.failure())["reason"]).toBe("no_address");
  });

  it("is not on the network that its label names: both are named", async () => {
    await using r = await rig({ labels: { ...TOLD, "wakegate.network": "shop_default" } }, NO_PROC);
    const held = await r.ask();
    expect(held).toMatchObject({ status: 503, state: "error" });
    expect(held.body).toContain("app is not on the network shop_default (it has: bridge)");
  });

  it("cannot be started at all: the engine's own words", async () => {
    await using r = await rig({ labels: TOLD, cmd: ["/bin/there-is-no-such-program"] });
    const held = await r.ask();
    expect(held).toMatchObject({ status: 503, state: "error" });
    expect(held.body).toContain("there-is-no-such-program");
    expect((await r.failure())["reason"]).toBe("start_failed");
  });

  it("has a bad label: its host answers 503, never passes, and the log says what is wrong where", async () => {
    await using r = await rig({ labels: { "wakegate.idle_timeout": "15" } });
    expect(await r.ask()).toMatchObject({ status: 503, state: "unavailable" });
    expect(await r.ask(true)).toMatchObject({ status: 503, state: "unavailable" });
    const line = await r.wakegate.until("label_invalid");
    expect(line.msg).toContain("container app (local): wakegate.idle_timeout");
    expect(line.msg).toContain('"15"');
    expect(r.events.lines("start")).toEqual([]);
  });
});
