import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCaddy } from "../support/caddy.ts";
import { startDockerd, type PrivateDockerd } from "../support/dockerd.ts";
import { freePort } from "../support/free-port.ts";
import { startNginx } from "../support/nginx.ts";
import { RawDocker, type ContainerOptions } from "../support/raw-docker.ts";
import { startRedis, type RedisServer } from "../support/redis-server.ts";
import { suite } from "../support/require.ts";
import { startLoad } from "./support/load.ts";
import { ask, eventually, followEngine, statusOf } from "./support/visit.ts";
import { startWakegate, type RunningWakegate } from "./support/wakegate.ts";

const HOST = "app.localhost";

suite(["docker", "caddy", "nginx", "redis"], "two replicas behind Caddy", () => {
  let dockerd: PrivateDockerd;
  let docker: RawDocker;
  let redis: RedisServer;
  let cluster = 0;

  beforeAll(async () => {
    dockerd = await startDockerd();
    docker = new RawDocker(dockerd.socketPath);
    redis = await startRedis();
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
    await dockerd[Symbol.asyncDispose]();
  });

  /** An app, two Wakegates that share, and Caddy with the shipped file before them. `tcp`: each opens a port to it. */
  async function stage(options: ContainerOptions & { readonly tcp?: boolean } = {}) {
    const { tcp = false, labels = {}, ...container } = options;
    const port = await freePort();
    await docker.create("app", {
      env: { BOOT_MS: "300" },
      ...container,
      labels: { "wakegate.enable": "true", "wakegate.hosts": HOST, ...labels },
      publish: { 8080: port },
    });
    const events = await followEngine(docker);
    const name = `e2e-${String(++cluster)}`;
    const start = async (self: string) => {
      const tcpPort = await freePort();
      const shared = `redis: { url: "${redis.url}", cluster: ${name}, name: ${self}, lease: 2s, lost_grace: 2s }`;
      const own = tcp ? `targets: { app: { tcp: ["127.0.0.1:${String(tcpPort)}:8080"] } }` : "";
      const yaml = `store: { ${shared} }\n${own}`;
      return { self, tcpPort, wakegate: await startWakegate({ socketPath: dockerd.socketPath, yaml }) };
    };
    const a = await start("a");
    const b = await start("b");
    const both = [a, b] as const;
    const caddy = await startCaddy({
      file: "../replicas/Caddyfile",
      app: `127.0.0.1:${String(port)}`,
      wakegate: `${a.wakegate.internal} ${b.wakegate.internal}`,
      wakegatePublic: `${a.wakegate.public} ${b.wakegate.public}`,
    });
    return {
      a,
      b,
      events,
      app: `127.0.0.1:${String(port)}`,
      url: `http://${HOST}:${String(caddy.port)}/`,
      /** The leader, as soon as there is one. */
      leader: () =>
        eventually("one of them leads", async () => {
          for (const one of both) if ((await metric(one.wakegate, "wakegate_leader")) === 1) return one;
          return undefined;
        }),
      async [Symbol.asyncDispose]() {
        for (const { wakegate } of both) process.kill(wakegate.pid, "SIGCONT");
        await caddy[Symbol.asyncDispose]();
        for (const { wakegate } of both) await wakegate[Symbol.asyncDispose]();
        events[Symbol.dispose]();
        await docker.rm("app");
      },
    };
  }

  /** Visitors come all the time while each of the two is killed and started again. */
  async function killInTurn(s: Awaited<ReturnType<typeof stage>>, url: string): Promise<void> {
    await using load = startLoad(url);
    await load.more(50);
    for (const { wakegate } of [s.a, s.b]) {
      await wakegate.kill();
      await load.more(100);
      await wakegate.restart();
      await load.more(100);
    }
    expect(load.failures).toEqual([]);
    expect(s.events.lines("start", "die")).toEqual(["start app"]);
  }

  it("loses no request while each of them is killed in turn, and starts the app once", async () => {
    await using s = await stage();
    await killInTurn(s, s.url);
  }, 120_000);

  it("loses no request behind nginx either", async () => {
    await using s = await stage();
    const upstreams = await readFile(new URL("../../examples/replicas/nginx.conf", import.meta.url), "utf8");
    const own = upstreams
      .replace("wakegate-a:9190", s.a.wakegate.internal)
      .replace("wakegate-b:9190", s.b.wakegate.internal)
      .replace("wakegate-a:9191", s.a.wakegate.public)
      .replace("wakegate-b:9191", s.b.wakegate.public);
    await using nginx = await startNginx({
      app: s.app,
      wakegate: "wakegates",
      wakegatePublic: "wakegates_public",
      edit: (text) => (/^server \{/m.test(text) ? `${own}\n${text}` : text),
    });
    await killInTurn(s, `http://${HOST}:${String(nginx.port)}/`);
  }, 120_000);

  it("wakes an app once when both are asked at the same moment, and again after a sleep", async () => {
    await using s = await stage({ labels: { "wakegate.idle_timeout": "1s" } });
    for (let wake = 1; wake <= 2; wake++) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => ask((index % 2 === 0 ? s.a : s.b).wakegate, HOST)),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
      expect(s.events.times("start", "app")).toHaveLength(wake);
      await s.events.until("die", "app", wake);
    }
    // One of them did it; the other knew, and answers as one that sleeps.
    for (const { wakegate } of [s.a, s.b])
      await eventually("both know that it sleeps", async () => {
        const { state } = await ask(wakegate, HOST, { prefetch: true });
        return state === "napping";
      });
  }, 120_000);

  it("continues a wake whose replica is killed", async () => {
    await using s = await stage({ env: { BOOT_MS: "3000" } });
    const lost = ask(s.a.wakegate, HOST).catch(() => "broken");
    await s.events.until("start", "app");
    const held = ask(s.b.wakegate, HOST);
    await s.a.wakegate.kill();
    expect(await lost).toBe("broken");
    expect(await held).toMatchObject({ status: 200 });
    expect(s.events.lines("start", "die")).toEqual(["start app"]);
    await s.a.wakegate.restart();
  }, 120_000);

  it("does not sleep while the other replica has a session open, nor on the order of a leader that was frozen", async () => {
    await using s = await stage({ tcp: true, labels: { "wakegate.idle_timeout": "1s" } });
    const leader = await s.leader();
    const other = leader === s.a ? s.b : s.a;
    const session = await openSession(other.tcpPort);
    await eventually("the leader knows of the session", () => leads(leader.wakegate));
    for (let round = 0; round < 2; round++) {
      const first = await s.leader();
      // Past its lease: the other takes over meanwhile, and the session is on one of both.
      process.kill(first.wakegate.pid, "SIGSTOP");
      const second = first === s.a ? s.b : s.a;
      await eventually("the other leads", () => leads(second.wakegate), 60_000);
      process.kill(first.wakegate.pid, "SIGCONT");
      await eventually("both are there again", async () => {
        return (await metric(first.wakegate, "wakegate_replicas")) === 2;
      });
    }
    expect(session.destroyed).toBe(false);
    expect(await statusOf(docker, "app")).toBe("running");
    expect(s.events.lines("kill", "die", "pause")).toEqual([]);
    session.destroy();
    await s.events.until("die", "app");
    expect(s.events.times("start", "app")).toHaveLength(1);
  }, 180_000);

  it("follows a loading page of one through the other", async () => {
    await using s = await stage({ env: { BOOT_MS: "4000" } });
    const page = await ask(s.a.wakegate, HOST, { navigate: true });
    expect(page.status).toBe(503);
    const token = /token["=:\s]+([\w-]{40,})/.exec(page.body)?.[1] ?? "";
    expect(token).not.toBe("");
    const seen = await eventually("the other one tells of the wake", async () => {
      const status = await fetch(`http://${s.b.wakegate.public}/.wakegate/status?token=${token}`);
      expect(status.status).toBe(200);
      const { state } = (await status.json()) as { state: string };
      return state !== "napping" && state;
    });
    expect(["waking", "starting"]).toContain(seen);
  }, 120_000);

  it("without Redis wakes and passes, keeps everything awake, and logs it once", async () => {
    await using s = await stage({ labels: { "wakegate.idle_timeout": "1s" } });
    await s.leader();
    await redis.kill();
    try {
      for (const { wakegate } of [s.a, s.b]) {
        await wakegate.until("shared_store_unreachable");
        expect(await ask(wakegate, HOST)).toMatchObject({ status: 200 });
        expect((await fetch(`http://${wakegate.internal}/readyz`)).status).toBe(200);
        expect(await metric(wakegate, "wakegate_shared_store_up")).toBe(0);
      }
      const { internal, asAdmin } = s.a.wakegate;
      const answer = await fetch(`http://${internal}/api/v1/check`, { headers: asAdmin });
      const check = (await answer.json()) as unknown;
      expect(check).toMatchObject({ ok: false, replicas: { state: "unreachable", self: "a" } });
    } finally {
      await redis.restart();
    }
    await s.events.until("die", "app");
    expect(s.a.wakegate.log().filter(({ event }) => event === "shared_store_unreachable")).toHaveLength(1);
    expect(s.events.times("start", "app")).toHaveLength(1);
  }, 120_000);

  it("shuts down: the other takes over immediately", async () => {
    await using s = await stage();
    const leader = await s.leader();
    const other = leader === s.a ? s.b : s.a;
    expect(await leader.wakegate.end()).toBe(0);
    await eventually("the other leads", () => leads(other.wakegate));
    expect(other.wakegate.log().some(({ msg }) => msg.includes("lost:"))).toBe(false);
    await leader.wakegate.restart();
  }, 120_000);
});

/** A connection through the TCP listener, that the app answered on and that stays open without a byte. */
async function openSession(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  await once(socket, "data");
  return socket;
}

async function leads(wakegate: Pick<RunningWakegate, "internal">): Promise<boolean> {
  return (await metric(wakegate, "wakegate_leader")) === 1;
}

/** Undefined: it is not there, or Wakegate does not answer. */
async function metric(
  { internal }: Pick<RunningWakegate, "internal">,
  name: string,
): Promise<number | undefined> {
  const text = await fetch(`http://${internal}/metrics`, { signal: AbortSignal.timeout(1_000) })
    .then((answer) => answer.text())
    .catch(() => "");
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}
