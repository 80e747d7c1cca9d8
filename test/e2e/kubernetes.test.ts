import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { startCaddy } from "../support/caddy.ts";
import { KINDS, type KubeObject } from "../support/kubernetes/kinds.ts";
import { ingress, service, workload, type AppOptions } from "../support/kubernetes/manifests.ts";
import { Simulator } from "../support/kubernetes/simulator.ts";
import type { RunningProxy } from "../support/proxy-process.ts";
import { suite } from "../support/require.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { startWakegate, type RunningWakegate } from "./support/wakegate.ts";

const NAVIGATION = { accept: "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

/** A cluster with an app behind a Service, Wakegate that knows it by a kubeconfig, and a Caddy before the Service. */
class Lab implements AsyncDisposable {
  readonly simulator: Simulator;
  readonly folder: TempFolder;
  readonly #parts: AsyncDisposable[] = [];

  private constructor(simulator: Simulator, folder: TempFolder) {
    this.simulator = simulator;
    this.folder = folder;
  }

  static async open(): Promise<Lab> {
    const simulator = await Simulator.start();
    simulator.addToken("first");
    const lab = new Lab(simulator, await tempFolder("e2e-kubernetes"));
    await writeFile(lab.token, "first");
    const config = JSON.parse(simulator.kubeconfig("")) as object;
    const users = [{ name: "sim", user: { tokenFile: "token" } }];
    await writeFile(lab.kubeconfig, JSON.stringify({ ...config, users }));
    return lab;
  }

  get kubeconfig(): string {
    return join(this.folder.path, "kubeconfig");
  }

  get token(): string {
    return join(this.folder.path, "token");
  }

  /** Asleep, with a Service and an Ingress; resolves with the Service's address. */
  app(name: string, annotations: Readonly<Record<string, string>>, options: AppOptions = {}): string {
    const all = { "wakegate.enable": "true", ...annotations };
    this.simulator.create(KINDS.deployments, workload(name, { replicas: 0, annotations: all, ...options }));
    const made = this.simulator.create(KINDS.services, service(name));
    this.simulator.create(KINDS.ingresses, ingress(name, "127.0.0.1"));
    return `${(made as KubeObject & { spec: { clusterIP: string } }).spec.clusterIP}:80`;
  }

  async wakegate(more = "services_reachable: true", yaml = ""): Promise<RunningWakegate> {
    const wakegate = await startWakegate({
      providers: `docker: {}, kubernetes: { home: { kubeconfig: "${this.kubeconfig}", ${more} } }`,
      yaml,
    });
    this.#parts.push(wakegate);
    return wakegate;
  }

  async caddy(app: string, wakegate: RunningWakegate): Promise<RunningProxy> {
    const caddy = await startCaddy({ app, wakegate: wakegate.internal, wakegatePublic: wakegate.public });
    this.#parts.push(caddy);
    return caddy;
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    for (let tries = 0; !condition(); tries++) {
      if (tries > 600) throw new Error(`never: ${what}`);
      await delay(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts.reverse()) await part[Symbol.asyncDispose]();
    await this.simulator[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

suite("caddy", "a Deployment behind caddy", () => {
  it("is woken by its first request, which is served, and has no pod left when it was idle", async () => {
    await using lab = await Lab.open();
    const { simulator } = lab;
    const address = lab.app("blog", { "wakegate.idle_timeout": "3s" }, { env: { BOOT_MS: "600" } });
    const wakegate = await lab.wakegate();
    const front = await lab.caddy(address, wakegate);
    // Others write at the same time, and the history is not kept for long.
    simulator.faults.conflicts = 2;
    const answer = await fetch(`${front.url}/x`, { method: "POST", body: "hello" });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ method: "POST", url: "/x", bytes: 5 });
    expect(simulator.replicas("blog")).toBe(1);
    simulator.create(KINDS.configmaps, { metadata: { name: "later", namespace: "default" } });
    simulator.store.compact();
    simulator.cut();
    await wakegate.until("sleep_started", "default-blog");
    await lab.until("no pod", () => simulator.pods().length === 0);
    expect(simulator.replicas("blog")).toBe(0);
    expect((await fetch(front.url)).status).toBe(200);
    const scaled = simulator.seen.filter(({ resource }) => resource === "deployments/scale");
    // Up, twice more for the conflicts or before them, down, up.
    expect(scaled.length).toBeGreaterThanOrEqual(3);
    // The history that was given up made it list anew, and nothing of it was an outage.
    expect(simulator.count("list", "deployments")).toBe(2);
    expect(wakegate.log().map(({ event }) => event)).not.toContain("engine_away");
  });

  it("has the hosts of its Ingress, which is created, changed and deleted after the workload", async () => {
    await using lab = await Lab.open();
    const { simulator } = lab;
    simulator.create(
      KINDS.deployments,
      workload("blog", { replicas: 0, annotations: { "wakegate.enable": "true" } }),
    );
    simulator.create(KINDS.services, service("blog"));
    const wakegate = await lab.wakegate("services_reachable: true", "unknown_hosts: deny");
    const asked = async (host: string): Promise<number> => {
      const headers = { "x-forwarded-method": "HEAD", "x-forwarded-host": host, "x-forwarded-uri": "/" };
      return (await fetch(`http://${wakegate.internal}/api/authz/forward-auth`, { headers })).status;
    };
    const until = async (host: string, what: string, holds: (status: number) => boolean): Promise<void> => {
      for (let tries = 0; !holds(await asked(host)); tries++) {
        if (tries > 600) throw new Error(`${host} was never ${what}`);
        await delay(50);
      }
    };
    const unknown = (status: number): boolean => status === 403;
    const known = (status: number): boolean => status !== 403;
    await until("blog.test", "unknown", unknown);
    simulator.create(KINDS.ingresses, ingress("blog", "blog.test"));
    await until("blog.test", "known", known);
    simulator.store.update(KINDS.ingresses, "default", "blog", (before) => ({
      ...before,
      spec: ingress("blog", "news.test")["spec"],
    }));
    await until("news.test", "known", known);
    await until("blog.test", "unknown", unknown);
    simulator.store.delete(KINDS.ingresses, "default", "blog");
    await until("news.test", "unknown", unknown);
  });

  it("shows a browser the page while it wakes, and the app then", async () => {
    await using lab = await Lab.open();
    const address = lab.app(
      "blog",
      { "wakegate.page_after": "0s" },
      { env: { BOOT_MS: "400" }, probed: true },
    );
    const front = await lab.caddy(address, await lab.wakegate());
    const page = await fetch(`${front.url}/page`, { headers: NAVIGATION });
    expect(page.status).toBe(503);
    expect(await page.text()).toContain("blog");
    const answer = await fetch(`${front.url}/page`);
    expect(await answer.text()).toContain("is awake");
  });

  it("is served on while the API server is away, and woken when it is back", async () => {
    await using lab = await Lab.open();
    const { simulator } = lab;
    const address = lab.app("blog", { "wakegate.idle_timeout": "1h" });
    const wakegate = await lab.wakegate();
    const front = await lab.caddy(address, wakegate);
    expect((await fetch(front.url)).status).toBe(200);
    await simulator.goAway();
    await wakegate.until("engine_away");
    expect((await fetch(front.url)).status).toBe(200);
    await simulator.comeBack();
    await lab.until("watched again", () => simulator.streams === 4);
    // What happens now is heard again.
    simulator.scale("blog", 0);
    await lab.until("no pod", () => simulator.pods().length === 0);
    expect((await fetch(front.url)).status).toBe(200);
    expect(simulator.replicas("blog")).toBe(1);
  });

  it("is woken with a token that was replaced in the meantime", async () => {
    await using lab = await Lab.open();
    const { simulator } = lab;
    const address = lab.app("blog", {});
    const wakegate = await lab.wakegate();
    const front = await lab.caddy(address, wakegate);
    simulator.addToken("second", "rotated");
    simulator.removeToken("first");
    await writeFile(lab.token, "second");
    expect((await fetch(front.url)).status).toBe(200);
    expect(simulator.seen.at(-1)?.user).toBe("rotated");
    expect(JSON.stringify(wakegate.log())).not.toMatch(/"first"|"second"/);
  });

  it("is proved ready by its endpoints where Services cannot be reached", async () => {
    await using lab = await Lab.open();
    const { simulator } = lab;
    lab.app("blog", {}, { env: { BOOT_MS: "300" }, probed: true });
    const wakegate = await lab.wakegate("services_reachable: false");
    const headers = { "x-forwarded-method": "GET", "x-forwarded-host": "127.0.0.1", "x-forwarded-uri": "/" };
    const answer = await fetch(`http://${wakegate.internal}/api/authz/forward-auth`, { headers });
    expect(answer.status).toBe(200);
    const [slice] = simulator.store.list(KINDS.endpointslices);
    expect(slice?.["endpoints"]).toMatchObject([{ conditions: { ready: true } }]);
  });

  it("that cannot be woken says why to the operator, and one that depends on another comes after it", async () => {
    await using lab = await Lab.open();
    const { simulator } = lab;
    simulator.create(
      KINDS.statefulsets,
      workload("db", { replicas: 0, annotations: { "wakegate.enable": "true", "wakegate.port": "80" } }),
    );
    simulator.create(KINDS.services, service("db"));
    const address = lab.app("blog", { "wakegate.depends_on": "db" });
    lab.simulator.create(
      KINDS.deployments,
      workload("nowhere", {
        replicas: 0,
        image: "registry.test/missing",
        annotations: {
          "wakegate.enable": "true",
          "wakegate.hosts": "nowhere.test",
          "wakegate.wake_timeout": "2s",
        },
      }),
    );
    const wakegate = await lab.wakegate();
    const front = await lab.caddy(address, wakegate);
    expect((await fetch(front.url)).status).toBe(200);
    expect(simulator.replicas("db", "default", KINDS.statefulsets)).toBe(1);
    const puts = simulator.seen.filter(({ verb }) => verb === "update").map(({ name }) => name);
    expect(puts).toEqual(["db", "blog"]);
    const headers = {
      "x-forwarded-method": "GET",
      "x-forwarded-host": "nowhere.test",
      "x-forwarded-uri": "/",
    };
    const refused = await fetch(`http://${wakegate.internal}/api/authz/forward-auth`, { headers });
    expect(refused.status).toBe(503);
    const failed = await wakegate.until("wake_failed", "default-nowhere");
    expect(failed.msg).toContain("ImagePullBackOff");
  });
});
