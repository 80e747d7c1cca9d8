import { beforeAll, expect, it } from "vitest";
import { MIDDLEWARE_FIELDS } from "../../src/publish/traefik/http/fields-middleware.ts";
import { ROUTER_FIELDS, SERVICE_FIELDS } from "../../src/publish/traefik/http/fields-router.ts";
import { TCP_TABLES } from "../../src/publish/traefik/tcp/fields.ts";
import { everyLabel } from "../publish/traefik/zoo.ts";
import { PORTAL, SIGNED_IN } from "../support/authelia-stand-in.ts";
import { visit } from "../support/visitor.ts";
import { firstRequests, HELD, MEGABYTE, SHA256, sixApps, told } from "./support/first-requests.ts";
import { eachTraefik, TOKEN, type Recipe } from "./support/traefik-recipe.ts";

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

/** Every field of every middleware and service that labels may have, HTTP and TCP, and labels that Traefik would refuse. */
const ZOO = {
  "traefik.http.routers.zoo.service": "zoo",
  "traefik.http.services.zoo.loadbalancer.server.port": "8080",
  ...everyLabel(SERVICE_FIELDS, "traefik.http.services.beast"),
  ...(Object.assign(
    {},
    ...Object.entries(MIDDLEWARE_FIELDS).map(([kind, spec]) =>
      everyLabel({ [kind]: spec }, `traefik.http.middlewares.${kind}`),
    ),
  ) as Record<string, string>),
  ...everyLabel(ROUTER_FIELDS, "traefik.http.routers.beast"),
  ...everyLabel(TCP_TABLES.routers, "traefik.tcp.routers.snake"),
  "traefik.tcp.routers.snake.service": "snake",
  "traefik.tcp.routers.snake.middlewares": "ipAllowList",
  ...everyLabel(TCP_TABLES.services, "traefik.tcp.services.snake"),
  "traefik.tcp.services.snake.loadbalancer.server.port": "8080",
  ...(Object.assign(
    {},
    ...Object.entries(TCP_TABLES.middlewares).map(([kind, spec]) =>
      everyLabel({ [kind]: spec }, `traefik.tcp.middlewares.${kind}`),
    ),
  ) as Record<string, string>),
  "traefik.http.routers.bad.rule": "Host(`bad.example.com`)",
  "traefik.http.routers.bad.entrypoint": "websecure",
  "traefik.http.middlewares.bad.retry.attempts": "many",
};

/** What Traefik is told. */
async function documentOf({ gateway }: Recipe): Promise<string> {
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const where = { address: gateway, port: 9190, host: "wakegate:9190", path: "/api/traefik/config" };
  return (await visit({ ...where, headers })).body;
}

const MONITORS = { WAKEGATE_PUBLISH_TRAEFIK_MONITORS: "true" };
const KUMA = { "User-Agent": "Uptime-Kuma/1.23.11" };

eachTraefik("Traefik with Wakegate as HTTP provider", { recipe: "provider", env: MONITORS }, (recipe) => {
  let r: Recipe;

  beforeAll(async () => {
    r = recipe();
    for (const how of ["stopped", "paused", "created"] as const) await sixApps(r, how, labelsOf);
    for (const how of ["stopped", "paused", "created"]) {
      const name = `herd-${how}`;
      await r.app(name, labelsOf(name), { env: { BOOT_MS: "1000" } });
      if (how !== "created") await r.docker.start(name);
      if (how === "stopped") await r.docker.stop(name, 0);
      if (how === "paused") await r.docker.pause(name);
    }
    await r.app("monitored", labelsOf("monitored"));
    await r.app("wrong", labelsOf("wrong", { "wakegate.idle_timeout": "5" }));
    await r.docker.start("wrong");
    await r.app("healthy", labelsOf("healthy"), {
      health: { test: ["CMD", "/bin/true"], intervalMs: 60_000 },
    });
    await r.app("page", labelsOf("page"), { env: { BOOT_MS: "2000" } });
    await r.app("zoo", labelsOf("zoo", { ...ZOO, "wakegate.tcp": `${r.gateway}:18080:8080` }));
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
      expect(await firstRequests(r, how, "example.com")).toEqual(HELD);
    });
  }

  it.each(["stopped", "paused", "created"])(
    "answers 200 first requests at once to a %s one",
    async (how) => {
      const since = Date.now();
      const name = `herd-${how}`;
      const answers = await Promise.all(
        Array.from({ length: 200 }, async (_, at) => {
          const post = at % 50 === 0;
          const seen = await r.get(`${name}.example.com`, {
            path: `/x?${String(at)}`,
            ...(post ? { method: "POST", body: MEGABYTE } : {}),
          });
          const { url, sha256 } = told(seen.body);
          return [seen.status, url, !post || sha256 === SHA256];
        }),
      );
      expect(answers).toEqual(answers.map((_, at) => [200, `/x?${String(at)}`, true]));
      expect(await r.starts(name, since)).toBe(how === "paused" ? 0 : 1);
    },
    60_000,
  );

  it("gives monitors a good answer while the app sleeps, and the app while it is awake", async () => {
    const since = Date.now();
    const green = r.version[1] >= 4;
    const ask = (more = {}) =>
      r.get("monitored.example.com", { ...more, headers: { ...KUMA, ...SIGNED_IN } });
    const asleep = await ask();
    expect([asleep.status, asleep.headers["x-wakegate"]]).toEqual([green ? 200 : 503, "napping"]);
    expect((await ask({ method: "HEAD" })).status).toBe(green ? 200 : 503);
    const stranger = { headers: { ...KUMA, Cookie: "nothing=1" } };
    expect((await r.get("monitored.example.com", stranger)).status).toBe(401);
    expect(await r.starts("monitored", since)).toBe(0);
    expect((await r.get("monitored.example.com")).status).toBe(200);
    expect(told((await ask({ path: "/up" })).body)).toMatchObject({ url: "/up" });
  });

  it("keeps the routes of an app whose own label is wrong, on 503 and behind single sign-on", async () => {
    const seen = await r.get("wrong.example.com");
    expect([seen.status, seen.headers["x-wakegate"]]).toEqual([503, "unavailable"]);
    expect((await r.get("wrong.example.com", { headers: { Cookie: "nothing=1" } })).status).toBe(401);
    const warned = r.wakegate.log().filter(({ msg }) => msg.includes("wakegate.idle_timeout"));
    expect(warned.length).toBeGreaterThan(0);
  });

  it("keeps the app's own middlewares while it sleeps: a prefix is stripped on the first request", async () => {
    const seen = await r.get("docs.example.com", { path: "/manual/intro?x=1" });
    expect([seen.status, told(seen.body).url]).toEqual([200, "/intro?x=1"]);
    expect((await r.get("docs.example.com", { path: "/other" })).status).toBe(404);
  });

  it("publishes every field of labels so that Traefik takes it, and leaves out the one router that is wrong", async () => {
    expect((await r.get("zoo.example.com")).status).toBe(200);
    expect(await documentOf(r)).toContain(`"address": "${r.gateway}:18080"`);
    expect((await r.get("bad.example.com")).status).toBe(404);
    const warned = r.wakegate.log().filter(({ event }) => event === "label_warning");
    expect(warned.map(({ msg }) => msg).join("\n")).toContain("the router bad is not published");
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
    await r.docker.stop("herd-created", 0);
    const stranger = { headers: { Cookie: "nothing=1" } };
    expect((await r.get("herd-created.example.com", stranger)).status).toBe(401);
    const browser = { path: "/a?b=1", headers: { Cookie: "no=1", Accept: "text/html" } };
    const page = await r.get("herd-created.example.com", browser);
    const back = encodeURIComponent("https://herd-created.example.com/a?b=1");
    expect([page.status, page.headers.location]).toEqual([302, `${PORTAL}?rd=${back}&rm=GET`]);
    const form = await r.get("herd-created.example.com", { ...browser, method: "POST", body: "x=1" });
    expect([form.status, form.headers.location]).toEqual([303, `${PORTAL}?rd=${back}&rm=POST`]);
    expect(await r.starts("herd-created", since)).toBe(0);
  });

  it("lets single sign-on tell the app who it is, also on the request that wakes it, and nobody else", async () => {
    await r.docker.stop("docs", 0);
    const forged = { headers: { "Remote-User": "admin", "Remote-Groups": "wheel" }, path: "/manual" };
    const seen = await r.get("docs.example.com", forged);
    expect(JSON.parse(seen.body)).toMatchObject({
      headers: { "remote-user": "you", "remote-groups": "family,admins" },
    });
  });

  it("does not wait for a health check that takes its time", async () => {
    expect((await r.get("healthy.example.com")).status).toBe(200);
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
      .poll(async () => (await r.get("page.example.com", { headers })).status, { timeout: 30_000 })
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
  });

  it("changes nothing in the document when containers wake and sleep", async () => {
    const before = await documentOf(r);
    await r.docker.stop("docs", 0);
    await r.docker.pause("wild");
    expect(await documentOf(r)).toBe(before);
    await r.get("docs.example.com", { path: "/manual" });
    expect(await documentOf(r)).toBe(before);
  });

  it("ends a hold at 25 s with a time to come again, and the wake goes on", async () => {
    const since = Date.now();
    const headers = { Accept: "text/html", "Sec-Fetch-Mode": "navigate" };
    const [seen, page] = await Promise.all([
      r.get("slow.example.com"),
      r.get("slow.example.com", { headers }),
    ]);
    expect([seen.status, page.status]).toEqual([503, 503]);
    // The page that was shown at once still follows the wake, past single sign-on.
    const token = /"token":"([^"]+)"/.exec(page.body)?.[1] ?? "";
    const status = await r.get("slow.example.com", { path: `/.wakegate/status?token=${token}` });
    expect(JSON.parse(status.body)).toMatchObject({ state: "starting" });
    expect(Number(seen.headers["retry-after"])).toBeGreaterThan(0);
    expect(Date.now() - since).toBeGreaterThan(24_000);
    expect(Date.now() - since).toBeLessThan(29_000);
    expect((await r.get("slow.example.com")).status).toBe(200);
    expect(await r.starts("slow", since)).toBe(1);
  });
});
