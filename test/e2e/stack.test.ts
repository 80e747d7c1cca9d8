import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startDockerd, type PrivateDockerd } from "../support/dockerd.ts";
import { RawDocker, type ContainerOptions } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { ask, eventually, followEngine, isOpen, saidAt, statusOf, visit } from "./support/visit.ts";
import { startWakegate } from "./support/wakegate.ts";

const HEALTH = {
  test: ["CMD-SHELL", "wget -q -O- http://127.0.0.1:8080/healthz"],
  intervalMs: 1_000,
  retries: 30,
} as const;
/** Boots only when the test opens the gate. */
const GATED = ["/bin/sh", "-c", "until [ -e /gate/open ]; do sleep 0.05; done; exec node /app/server.mjs"];
/** Short, so that what sleeps after its dependants does so within a test. */
const QUICK = "defaults: { idle_timeout: 1s, foreign_stop_grace: 2s, wake_timeout: 60s }";

function compose(service: string, dependsOn = "", more: Readonly<Record<string, string>> = {}) {
  return {
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": service,
    "com.docker.compose.container-number": "1",
    "com.docker.compose.oneoff": "False",
    ...(dependsOn !== "" && { "com.docker.compose.depends_on": dependsOn }),
    ...more,
  };
}

function app(host: string, more: Readonly<Record<string, string>> = {}) {
  return { "wakegate.enable": "true", "wakegate.hosts": host, ...more };
}

suite("docker", "a Compose stack", () => {
  let dockerd: PrivateDockerd;
  let docker: RawDocker;

  beforeAll(async () => {
    dockerd = await startDockerd();
    docker = new RawDocker(dockerd.socketPath);
    await docker.createNetwork("shop_default");
  });
  afterAll(async () => {
    await dockerd[Symbol.asyncDispose]();
  });

  async function rig(containers: Readonly<Record<string, ContainerOptions>>, yaml = QUICK) {
    const gate = await mkdtemp(join(tmpdir(), "wakegate-gate-"));
    for (const [name, options] of Object.entries(containers)) {
      await docker.create(name, { network: "shop_default", ...options, binds: { [gate]: "/gate" } });
    }
    const events = await followEngine(docker);
    const wakegate = await startWakegate({ socketPath: dockerd.socketPath, yaml });
    return {
      wakegate,
      events,
      open: () => writeFile(join(gate, "open"), ""),
      async [Symbol.asyncDispose]() {
        if (process.env["DBG"])
          for (const l of wakegate.log()) process.stderr.write(JSON.stringify(l) + "\n");
        await wakegate[Symbol.asyncDispose]();
        events[Symbol.dispose]();
        for (const name of Object.keys(containers).reverse()) await docker.rm(name);
        await rm(gate, { recursive: true, force: true });
      },
    };
  }

  it("wakes what the app needs in order and side by side, runs a one-shot once, and sleeps in reverse", async () => {
    await using r = await rig({
      db: { labels: compose("db"), cmd: GATED, health: HEALTH },
      cache: { labels: compose("cache"), cmd: GATED, health: HEALTH },
      migrate: {
        labels: compose("migrate", "db:service_healthy:false"),
        cmd: ["/bin/sh", "-c", "echo migrated"],
      },
      app: {
        labels: {
          ...compose(
            "app",
            "db:service_healthy:false,cache:service_healthy:true,migrate:service_completed_successfully:false",
          ),
          ...app("shop.test"),
        },
        env: { NAME: "shop" },
      },
    });
    const first = visit(r.wakegate, docker, "app", "shop.test");
    // Neither can be ready before the gate is open: whoever came second was not waited for by the first.
    await Promise.all([r.events.until("start", "db"), r.events.until("start", "cache")]);
    expect(r.events.lines("start").toSorted()).toEqual(["start cache", "start db"]);
    expect(await isOpen(first)).toBe(true);
    await r.open();
    expect(await first).toMatchObject({ status: 200, app: "shop" });

    const [started] = r.events.times("start", "migrate");
    expect(started).toBeGreaterThan((await saidAt(docker, "db", "listening")) ?? Infinity);
    const order = r.events.lines("start", "die");
    expect(order.slice(2)).toEqual(["start migrate", "die migrate", "start app"]);
    const [last] = r.events.times("start", "app");
    expect(last).toBeGreaterThan((await saidAt(docker, "cache", "listening")) ?? Infinity);

    await Promise.all([r.events.until("die", "db"), r.events.until("die", "cache")]);
    expect(r.events.lines("die").slice(1, 2)).toEqual(["die app"]);

    // Again: the migration has run.
    expect(await visit(r.wakegate, docker, "app", "shop.test")).toMatchObject({ status: 200, app: "shop" });
    expect(r.events.times("start", "migrate")).toHaveLength(1);
    expect(r.events.times("start", "db")).toHaveLength(2);
    expect(r.events.times("start", "app")).toHaveLength(2);
  });

  it("keeps a shared dependency while another app needs it, managed or not", async () => {
    await using r = await rig({
      cache: { labels: compose("cache") },
      one: { labels: { ...compose("one", "cache:service_started:true"), ...app("one.test") } },
      two: {
        labels: {
          ...compose("two", "cache:service_started:true"),
          ...app("two.test", { "wakegate.idle_timeout": "1h" }),
        },
      },
      report: { labels: compose("report", "cache:service_started:true") },
    });
    expect(await ask(r.wakegate, "two.test")).toMatchObject({ status: 200 });
    expect(await ask(r.wakegate, "one.test")).toMatchObject({ status: 200 });
    expect(r.events.times("start", "cache")).toHaveLength(1);
    await r.events.until("die", "one");
    await docker.start("report");
    // The second app sleeps too; what stays is a container that nobody manages.
    await docker.stop("two", 2);
    await r.events.until("die", "two");
    await quiet();
    expect(await statusOf(docker, "cache")).toBe("running");
    expect(r.events.times("die", "report")).toEqual([]);
    await docker.stop("report", 2);
    await r.events.until("die", "cache");
  });

  it("leaves a dependency alone that was running before, and one that says hands off", async () => {
    await using r = await rig({
      own: { labels: compose("own") },
      off: { labels: compose("off", "", { "wakegate.enable": "false" }) },
      app: {
        labels: {
          ...compose("app", "own:service_started:true,off:service_started:true"),
          ...app("app.test"),
        },
      },
    });
    await docker.start("own");
    expect(await ask(r.wakegate, "app.test")).toMatchObject({ status: 200 });
    await r.events.until("die", "app");
    await quiet();
    expect(r.events.lines("start", "die")).toEqual(["start own", "start app", "die app"]);
  });

  it("wakes the owner of a shared network first, asks the app at its address, and keeps it", async () => {
    await using r = await rig({
      vpn: { image: "wakegate/busybox", stopTimeoutSeconds: 1 },
      torrent: { labels: app("torrent.test"), network: "container:vpn", env: { NAME: "torrent" } },
    });
    expect(await visit(r.wakegate, docker, "vpn", "torrent.test")).toMatchObject({ app: "torrent" });
    expect(r.events.lines("start")).toEqual(["start vpn", "start torrent"]);
    await r.events.until("die", "vpn");
    expect(r.events.lines("die")).toEqual(["die torrent", "die vpn"]);
  });

  it("keeps the owner of a network that an unmanaged container uses", async () => {
    await using r = await rig({
      gate: {
        image: "wakegate/busybox",
        labels: app("gate.test", { "wakegate.readiness.kind": "none" }),
        stopTimeoutSeconds: 1,
      },
      guest: { image: "wakegate/busybox", network: "container:gate" },
    });
    expect(await ask(r.wakegate, "gate.test")).toMatchObject({ status: 200 });
    await docker.start("guest");
    await quiet();
    expect(await statusOf(docker, "gate")).toBe("running");
    await docker.rm("guest");
    await r.events.until("die", "gate");
  });

  it("says which dependency failed and why, and wakes all of it at the next try", async () => {
    await using r = await rig({
      db: {
        labels: compose("db"),
        cmd: ["/bin/sh", "-c", "[ -e /gate/open ] || { echo no disk; exit 4; }; exec node /app/server.mjs"],
        health: HEALTH,
      },
      app: {
        labels: {
          ...compose("app", "db:service_healthy:true"),
          ...app("app.test", { "wakegate.page.details": "true" }),
        },
      },
    });
    const failed = await ask(r.wakegate, "app.test");
    expect(failed).toMatchObject({ status: 503, state: "error" });
    expect(failed.body).toContain("db, which it needs, failed to wake");
    expect(failed.body).toContain("exit code 4");
    expect(r.events.times("start", "app")).toEqual([]);
    await r.open();
    await eventually("recovery", async () => (await ask(r.wakegate, "app.test")).status === 200);
  });
});

/** Longer than idle time and last look of a dependency together: whatever could have been put to sleep, is. */
async function quiet(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 8_000));
}
