import { createHash, randomBytes } from "node:crypto";
import { beforeAll, expect, it } from "vitest";
import { firstEvent, visit } from "../support/visitor.ts";
import { eachTraefik, TOKEN, type Recipe } from "./support/traefik-recipe.ts";

const MEGABYTE = randomBytes(1024 * 1024);
const SHA256 = createHash("sha256").update(MEGABYTE).digest("hex");

interface Told {
  readonly app: string;
  readonly url: string;
  readonly method: string;
  readonly sha256: string;
}

/** The labels of an app behind single sign-on, as in the example. */
function labelsOf(name: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const router = `traefik.http.routers.${name}`;
  return {
    [`${router}.rule`]: `Host(\`${name}.example.com\`)`,
    [`${router}.entrypoints`]: "websecure",
    [`${router}.tls`]: "true",
    [`${router}.middlewares`]: "authelia@docker",
    "wakegate.foreign_stop_grace": "0s",
    ...more,
  };
}

async function put(r: Recipe, name: string, how: "stopped" | "paused" | "created"): Promise<void> {
  await r.app(name, labelsOf(name), { env: { NAME: name, BOOT_MS: "200" } });
  if (how === "created") return;
  await r.docker.start(name);
  if (how === "paused") await r.docker.pause(name);
  else await r.docker.stop(name, 0);
}

const KINDS = ["get", "post", "head", "ws", "sse", "grpc"] as const;

/** One first request of this kind, and what came of it. */
async function first(r: Recipe, name: string, kind: (typeof KINDS)[number]): Promise<unknown> {
  const host = `${name}.example.com`;
  switch (kind) {
    case "get": {
      const seen = await r.get(host, { path: "/a?b=1" });
      return [seen.status, (JSON.parse(seen.body) as Told).url];
    }
    case "post": {
      const seen = await r.get(host, { method: "POST", body: MEGABYTE });
      return [seen.status, (JSON.parse(seen.body) as Told).sha256];
    }
    case "head":
      return [(await r.get(host, { method: "HEAD" })).status];
    case "ws":
      return await r.webSocket(host);
    case "sse":
      return await firstEvent(r.visitOf(host, { path: "/sse" }));
    case "grpc": {
      const headers = { "Content-Type": "application/grpc", TE: "trailers" };
      const seen = await r.get(host, { method: "POST", path: "/pkg.Service/Call", headers, body: "frame" });
      return [seen.status, (JSON.parse(seen.body) as Told).method];
    }
  }
}

const EXPECTED = {
  get: [200, "/a?b=1"],
  post: [200, SHA256],
  head: [200],
  ws: { status: 101, echo: "hello" },
  sse: { status: 200, text: 'data: {"count":0}\n\n' },
  grpc: [200, "POST"],
} as const;

eachTraefik("Traefik with Wakegate as HTTP provider", { recipe: "provider" }, (recipe) => {
  let r: Recipe;

  beforeAll(async () => {
    r = recipe();
    for (const how of ["stopped", "paused", "created"] as const) {
      for (const kind of KINDS) await put(r, `${how}-${kind}`, how);
    }
    await r.app("herd", labelsOf("herd"), { env: { BOOT_MS: "1000" } });
    await r.app("page", labelsOf("page"), { env: { BOOT_MS: "2000" } });
    await r.app("slow", labelsOf("slow"), { env: { BOOT_MS: "28000" } });
    await r.app(
      "docs",
      labelsOf("docs", {
        "traefik.http.routers.docs.rule": "Host(`docs.example.com`) && PathPrefix(`/manual`)",
        "traefik.http.routers.docs.middlewares": "authelia@docker,strip",
        "traefik.http.middlewares.strip.stripprefix.prefixes": "/manual",
      }),
    );
    await r.app(
      "wild",
      labelsOf("wild", { "traefik.http.routers.wild.rule": "HostRegexp(`^[a-z]+\\.wild\\.example\\.com$`)" }),
    );
    await r.app(
      "twin",
      labelsOf("front", {
        ...labelsOf("back"),
        "traefik.http.routers.front.service": "front",
        "traefik.http.routers.back.service": "back",
        "traefik.http.services.front.loadbalancer.server.port": "8080",
        "traefik.http.services.back.loadbalancer.server.port": "9000",
      }),
      { env: { PORT: "8080,9000" } },
    );
    await r.settled();
  });

  for (const how of ["stopped", "paused", "created"] as const) {
    it(`answers the first request of any kind to a ${how} container`, async () => {
      const answers = await Promise.all(KINDS.map((kind) => first(r, `${how}-${kind}`, kind)));
      expect(Object.fromEntries(KINDS.map((kind, at) => [kind, answers[at]]))).toEqual(EXPECTED);
    }, 90_000);
  }

  it("answers 200 first requests at once by one start, bodies intact", async () => {
    const since = Date.now();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        const post = at % 50 === 0;
        const seen = await r.get("herd.example.com", {
          path: `/x?${String(at)}`,
          ...(post ? { method: "POST", body: MEGABYTE } : {}),
        });
        const told = seen.status === 200 ? (JSON.parse(seen.body) as Told) : undefined;
        return [seen.status, told?.url, !post || told?.sha256 === SHA256];
      }),
    );
    expect(answers).toEqual(answers.map((_, at) => [200, `/x?${String(at)}`, true]));
    expect(await r.starts("herd", since)).toBe(1);
  }, 60_000);

  it("keeps the app's own middlewares while it sleeps: a prefix is stripped on the first request", async () => {
    const seen = await r.get("docs.example.com", { path: "/manual/intro?x=1" });
    expect([seen.status, (JSON.parse(seen.body) as Told).url]).toEqual([200, "/intro?x=1"]);
    expect((await r.get("docs.example.com", { path: "/other" })).status).toBe(404);
  });

  it("wakes by a rule with an expression", async () => {
    expect((await r.get("any.wild.example.com")).status).toBe(200);
  });

  it("leads several routers of one container to their own ports", async () => {
    const [front, back] = await Promise.all([r.get("front.example.com"), r.get("back.example.com")]);
    expect([front.status, back.status]).toEqual([200, 200]);
  });

  it("asks single sign-on first: strangers wake nothing", async () => {
    const since = Date.now();
    await r.docker.stop("herd", 0);
    const stranger = { headers: { Cookie: "nothing=1" } };
    expect((await r.get("herd.example.com", stranger)).status).toBe(401);
    const page = await r.get("herd.example.com", { headers: { Cookie: "no=1", Accept: "text/html" } });
    expect([page.status, page.headers.location]).toEqual([302, "https://auth.example.com/?rd=x"]);
    expect(await r.starts("herd", since)).toBe(0);
  });

  it("leads to the loading page's events on every host, past single sign-on", async () => {
    const visitOf = { headers: { Cookie: "nothing=1" }, path: "/.wakegate/status" };
    const seen = await r.get("any.wild.example.com", visitOf);
    expect([seen.status, seen.headers["x-wakegate"]]).toEqual([403, "refused"]);
  });

  it("shows browsers the page, and the app after it", async () => {
    const headers = { Accept: "text/html", "Sec-Fetch-Mode": "navigate" };
    const page = await r.get("page.example.com", { headers });
    expect([page.status, page.headers["cache-control"]]).toEqual([503, "no-store"]);
    expect(Number(page.headers["retry-after"])).toBeGreaterThan(0);
    await expect
      .poll(async () => (await r.get("page.example.com", { headers })).status, { timeout: 15_000 })
      .toBe(200);
  });

  it("finds it after it was made anew while asleep, with another address and somebody at its old one", async () => {
    await r.docker.start("created-get").catch(() => undefined);
    const before = await r.docker.address("created-get", r.network);
    await r.docker.stop("created-get", 0);
    await r.docker.run("thief", { network: r.network, env: { NAME: "thief" } });
    expect(await r.docker.address("thief", r.network)).toBe(before);
    expect(JSON.parse((await r.get("created-get.example.com")).body)).toMatchObject({ app: "created-get" });
    await r.docker.rm("created-get");
    await r.app("created-get", labelsOf("created-get"), { env: { NAME: "anew" } });
    // Until the engine has told of the new one there is nothing to wake: 503, never 404 or 502.
    await expect.poll(async () => (await r.get("created-get.example.com")).status).toBe(200);
    expect(JSON.parse((await r.get("created-get.example.com")).body)).toMatchObject({ app: "anew" });
  }, 60_000);

  it("changes nothing in the document when containers wake and sleep", async () => {
    const ask = async (): Promise<string> => {
      const headers = { Authorization: `Bearer ${TOKEN}` };
      return (
        await visit({
          address: r.gateway,
          port: 9190,
          host: "wakegate:9190",
          path: "/api/traefik/config",
          headers,
        })
      ).body;
    };
    const before = await ask();
    await r.docker.stop("docs", 0);
    await r.docker.pause("wild");
    expect(await ask()).toBe(before);
    await r.get("docs.example.com", { path: "/manual" });
    expect(await ask()).toBe(before);
  });

  it("ends a hold at 25 s with a time to come again, and the wake goes on", async () => {
    const since = Date.now();
    const seen = await r.get("slow.example.com");
    expect(seen.status).toBe(503);
    expect(Number(seen.headers["retry-after"])).toBeGreaterThan(0);
    expect(Date.now() - since).toBeGreaterThan(24_000);
    expect(Date.now() - since).toBeLessThan(29_000);
    expect((await r.get("slow.example.com")).status).toBe(200);
    expect(await r.starts("slow", since)).toBe(1);
  }, 90_000);
});
