import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { suite } from "../support/require.ts";
import { Swarm } from "../support/swarm.ts";
import { startWakegate, type RunningWakegate } from "./support/wakegate.ts";

const TOKEN = "a-token-of-more-than-16-characters";

function ask({ internal }: RunningWakegate, host: string): Promise<Response> {
  const headers = { "x-forwarded-method": "GET", "x-forwarded-host": host, "x-forwarded-uri": "/" };
  return fetch(`http://${internal}/api/authz/forward-auth`, { headers });
}

/** Passes once it is awake: a service may take longer than one request is held. */
async function passes(wakegate: RunningWakegate, host: string): Promise<void> {
  for (let tries = 0; (await ask(wakegate, host)).status !== 200; tries++) {
    if (tries > 20) throw new Error(`${host} never woke`);
    await delay(500);
  }
}

suite("docker", "a service of Docker Swarm", () => {
  let swarm: Swarm;
  beforeAll(async () => {
    swarm = await Swarm.start();
  }, 300_000);
  afterAll(() => swarm[Symbol.asyncDispose]());

  const replicas = async (id: string): Promise<number> =>
    (await swarm.inspect(id)).Spec.Mode.Replicated.Replicas;

  async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await condition()); tries++) {
      if (tries > 1_200) throw new Error(`never: ${what}`);
      await delay(100);
    }
  }

  it("is scaled to what it had after its dependency, published to Traefik, and scaled to 0 when idle", async () => {
    const port = await freePort();
    const stack = { "com.docker.stack.namespace": "shop" };
    const workers = await swarm.create("shop_workers", {
      labels: { ...stack, "wakegate.enable": "true", "wakegate.idle_timeout": "1s" },
      replicas: 2,
    });
    const web = await swarm.create("shop_web", {
      labels: {
        ...stack,
        "wakegate.enable": "true",
        "wakegate.depends_on": "workers",
        "wakegate.idle_timeout": "3s",
        "traefik.enable": "true",
        "traefik.http.routers.shop.rule": "Host(`shop.test`)",
        "traefik.http.routers.shop.middlewares": "compress-all",
        "traefik.http.services.shop.loadbalancer.server.port": "8080",
      },
      replicas: 0,
      publish: { 8080: port },
      health: ["CMD", "/bin/true"],
    });
    await until("two workers", async () => (await swarm.runningTasks(workers)).length === 2);
    await using wakegate = await startWakegate({
      providers: `swarm: { cluster: "unix://${swarm.socketPath}" }`,
      yaml: `publish: { traefik: { token: ${TOKEN} } }`,
    });
    const config = async (): Promise<unknown> => {
      const headers = { authorization: `Bearer ${TOKEN}` };
      return (await fetch(`http://${wakegate.internal}/api/traefik/config`, { headers })).json();
    };
    const asleep = await config();
    expect(asleep).toMatchObject({
      http: {
        routers: { shop: { service: "shop", middlewares: ["compress-all@swarm", "wakegate-shop_web"] } },
        services: { shop: { loadBalancer: { servers: [{ url: "http://shop_web:8080" }] } } },
      },
    });
    // The workers sleep by themselves, and how many they were is remembered.
    await until("workers asleep", async () => (await replicas(workers)) === 0);
    await until("no worker", async () => (await swarm.runningTasks(workers)).length === 0);
    await passes(wakegate, "shop.test");
    expect(await replicas(web)).toBe(1);
    expect(await replicas(workers)).toBe(2);
    expect((await fetch(`http://127.0.0.1:${String(port)}/`)).status).toBe(200);
    expect(await config()).toEqual(asleep);
    await until("web asleep", async () => (await replicas(web)) === 0);
    await until("workers asleep again", async () => (await replicas(workers)) === 0);
    await swarm.remove(web);
    await swarm.remove(workers);
  });

  it("that no node can run fails with the swarm's own reason", async () => {
    const id = await swarm.create("nowhere", {
      labels: { "wakegate.enable": "true", "wakegate.hosts": "nowhere.test", "wakegate.wake_timeout": "3s" },
      constraints: ["node.labels.none == here"],
    });
    await using wakegate = await startWakegate({
      providers: `swarm: { cluster: "unix://${swarm.socketPath}" }`,
    });
    expect((await ask(wakegate, "nowhere.test")).status).toBe(503);
    const failed = await wakegate.until("wake_failed", "nowhere");
    expect(failed.msg).toMatch(/no suitable node|scheduling constraints/);
    await swarm.remove(id);
  });

  it("that ends again and again fails at the second end, with exit code and last words", async () => {
    const id = await swarm.create("loops", {
      labels: {
        "wakegate.enable": "true",
        "wakegate.hosts": "loops.test",
        "wakegate.address": "127.0.0.1:9",
      },
      env: { EXIT_MS: "700", BOOT_MS: "60000", EXIT_CODE: "7" },
    });
    await using wakegate = await startWakegate({
      providers: `swarm: { cluster: "unix://${swarm.socketPath}" }`,
    });
    const first = await ask(wakegate, "loops.test");
    expect(first.status).toBe(503);
    const line = await wakegate.until("wake_failed", "loops", 60_000);
    expect(line.msg).toMatch(/non-zero exit \(7\)|exit code 7/);
    expect(line.msg).toContain("2 times in a row");
    await swarm.remove(id);
  }, 120_000);
});
