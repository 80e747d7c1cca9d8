import { describe, expect, it } from "vitest";
import type { TraefikSettings } from "../../src/config/model/traefik.ts";
import { addTraefikRoutes } from "../../src/http/traefik-routes.ts";
import { Emitter } from "../../src/lib/emitter.ts";
import type { Instance } from "../../src/providers/provider.ts";
import type { TargetSource } from "../../src/publish/traefik/inventory.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { TraefikPolls } from "../../src/publish/traefik/polls.ts";
import { TraefikPublisher } from "../../src/publish/traefik/publisher.ts";
import type { BehindBroken, BehindTarget } from "../../src/watchers/registry/planning.ts";
import { FakeDirectory, targetSpec } from "../support/fake-target.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { container } from "../config/support.ts";
import { visit, type Seen } from "../support/visitor.ts";
import { startRig } from "./rig.ts";

const TOKEN = "sixteen-letters-at-least";
const BASE: TraefikSettings = { entryPoints: [], middlewares: [], monitors: false };

class FakeSource implements TargetSource {
  settled = true;
  readonly changed = new Emitter<void>();
  targets: BehindTarget[] = [];
  broken: BehindBroken[] = [];
  asked = 0;
  /** What an inspection says; undefined: the engine does not answer. */
  ports: readonly number[] | undefined = [8080];

  behind(): Iterable<BehindTarget> {
    return this.targets;
  }

  behindBroken(): Iterable<BehindBroken> {
    return this.broken;
  }

  inspect(_engine: string, id: string): Promise<Instance | undefined> {
    this.asked++;
    if (!this.ports) return Promise.reject(new Error("no answer"));
    return Promise.resolve({ ...container(id), exposedPorts: this.ports } as unknown as Instance);
  }
}

async function rig(settings: Partial<TraefikSettings> | undefined) {
  const source = new FakeSource();
  const labels = { "traefik.http.routers.blog.rule": "Host(`blog`)" };
  source.targets = [{ spec: targetSpec("blog"), instance: container("blog", labels) }];
  const publisher = new TraefikPublisher({
    source,
    log: new RecordingLog(),
    clock: systemClock,
    publicPort: () => 9191,
  });
  const known = settings && { ...BASE, ...settings };
  const started = await startRig(new FakeDirectory(), {
    routes: (router) =>
      addTraefikRoutes(router, {
        publisher,
        settings: () => known,
        polls: new TraefikPolls(),
        clock: systemClock,
      }),
  });
  const { host: address, port } = started.internal.address;
  return {
    source,
    get: (path: string, headers: Record<string, string> = {}, host = "wakegate:9190"): Promise<Seen> =>
      visit({ address, port, host, path, headers }),
    async [Symbol.asyncDispose]() {
      publisher[Symbol.dispose]();
      await started[Symbol.asyncDispose]();
    },
  };
}

const PATH = "/api/traefik/config";
const BEARER = { Authorization: `Bearer ${TOKEN}` };

describe("/api/traefik/config", () => {
  it("is not there until it is switched on", async () => {
    await using r = await rig(undefined);
    expect((await r.get(PATH, BEARER)).status).toBe(404);
    expect((await r.get(`${PATH}/anything`)).status).toBe(404);
  });

  it("wants the token", async () => {
    await using r = await rig({ token: TOKEN });
    expect((await r.get(PATH)).status).toBe(401);
    expect((await r.get(PATH, { Authorization: "Bearer other" })).status).toBe(401);
    const seen = await r.get(PATH, BEARER);
    expect([seen.status, seen.headers["content-type"]]).toEqual([200, "application/json; charset=utf-8"]);
    expect(JSON.parse(seen.body)).toMatchObject({ http: { routers: { blog: { service: "blog" } } } });
    expect((await r.get(`${PATH}/${TOKEN}`)).status).toBe(404);
  });

  it("or the secret path, for a Traefik that can send no headers", async () => {
    await using r = await rig({ secretPath: TOKEN });
    expect((await r.get(PATH, BEARER)).status).toBe(404);
    expect((await r.get(`${PATH}/wrong-secret-path`)).status).toBe(404);
    expect((await r.get(`${PATH}/${TOKEN}`)).status).toBe(200);
  });

  it("answers nobody who passes a request on", async () => {
    await using r = await rig({ token: TOKEN });
    expect((await r.get(PATH, { ...BEARER, "X-Forwarded-Method": "GET" })).status).toBe(404);
  });

  it("answers 503, never an empty document, until every engine was listed", async () => {
    await using r = await rig({ token: TOKEN });
    r.source.settled = false;
    expect((await r.get(PATH, BEARER)).status).toBe(503);
    r.source.settled = true;
    expect((await r.get(PATH, BEARER)).status).toBe(200);
  });

  it("leads back to the host that asked, unless another is set", async () => {
    await using r = await rig({ token: TOKEN });
    expect((await r.get(PATH, BEARER, "gate.lan:1234")).body).toContain(
      "http://gate.lan:1234/api/authz/forward-auth/blog",
    );
    expect((await r.get(PATH, BEARER, "gate.lan:1234")).body).toContain("http://gate.lan:9191");
    expect((await r.get(PATH, BEARER, "bad host")).status).toBe(400);
    await using other = await rig({ token: TOKEN, internalUrl: "https://in", publicUrl: "https://out" });
    expect((await other.get(PATH, BEARER)).body).toContain("https://in/api/authz/forward-auth/blog");
  });

  it("asks the engine once for ports that no label names, and again after a failure", async () => {
    await using r = await rig({ token: TOKEN });
    r.source.ports = undefined;
    expect((await r.get(PATH, BEARER)).body).toBe("{}\n");
    r.source.ports = [3000];
    expect((await r.get(PATH, BEARER)).body).toContain("http://blog:3000");
    await r.get(PATH, BEARER);
    r.source.changed.emit();
    await r.get(PATH, BEARER);
    expect(r.source.asked).toBe(2);
  });

  it("keeps a target whose container is gone: it may be made anew", async () => {
    await using r = await rig({ token: TOKEN });
    const before = (await r.get(PATH, BEARER)).body;
    r.source.targets = [{ spec: targetSpec("blog") }];
    r.source.changed.emit();
    expect((await r.get(PATH, BEARER)).body).toBe(before);
  });

  it("keeps the routers of a container whose own labels are wrong, for Wakegate to answer on", async () => {
    await using r = await rig({ token: TOKEN });
    const labels = {
      "traefik.http.routers.shop.rule": "Host(`shop`)",
      "traefik.http.routers.shop.middlewares": "authelia@docker",
      "traefik.http.services.shop.loadbalancer.server.port": "x",
      "wakegate.idle_timeout": "5",
    };
    const broken = { name: "shop", routes: [], message: "the labels of shop are wrong" };
    r.source.broken = [{ broken, engine: "local", instance: container("shop", labels) }];
    expect(JSON.parse((await r.get(PATH, BEARER)).body)).toMatchObject({
      http: {
        routers: { shop: { middlewares: ["authelia@docker", "wakegate-shop"], service: "wakegate" } },
        middlewares: {
          "wakegate-shop": {
            forwardAuth: { address: "http://wakegate:9190/api/authz/forward-auth/shop" },
          },
        },
      },
    });
    const unwanted = { ...labels, "wakegate.traefik.publish": "false" };
    r.source.broken = [{ broken, engine: "local", instance: container("shop", unwanted) }];
    r.source.changed.emit();
    expect((await r.get(PATH, BEARER)).body).not.toContain("shop");
  });

  it("finds a container that uses another's network at the other's name", async () => {
    await using r = await rig({ token: TOKEN });
    const instance = { ...container("blog"), networkOwner: "vpn-id" };
    const labels = { "traefik.http.routers.blog.rule": "Host(`blog`)" };
    r.source.targets = [
      { spec: targetSpec("blog"), instance: { ...instance, labels }, owner: container("vpn") },
    ];
    expect((await r.get(PATH, BEARER)).body).toContain("http://vpn:8080");
  });
});
