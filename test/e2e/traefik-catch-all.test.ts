import { beforeAll, expect, it } from "vitest";
import type { Seen } from "../support/visitor.ts";
import { MEGABYTE, SHA256, told } from "./support/first-requests.ts";
import { eachTraefik, type Recipe } from "./support/traefik-recipe.ts";

/** The labels of an app, as in the example. */
function labelsOf(name: string): Record<string, string> {
  const router = `traefik.http.routers.${name}`;
  return {
    [`${router}.rule`]: `Host(\`${name}.localhost\`)`,
    [`${router}.entrypoints`]: "web",
    [`${router}.middlewares`]: "wakegate@docker",
    "wakegate.foreign_stop_grace": "0s",
  };
}

eachTraefik("Traefik with the catch-all", { recipe: "catch-all" }, (recipe) => {
  let r: Recipe;

  /** As a client that follows redirects, and comes again after a 503 when it is told to. */
  async function persist(
    host: string,
    method: "GET" | "POST" = "GET",
  ): Promise<{ seen: Seen; way: number[] }> {
    const way: number[] = [];
    for (let tries = 0; tries < 40; tries++) {
      const seen = await r.get(host, {
        method,
        path: "/a?b=1",
        ...(method === "POST" ? { body: MEGABYTE } : {}),
      });
      way.push(seen.status);
      if (seen.status === 200) return { seen, way };
      if (seen.status === 307 && seen.headers.location !== "/a?b=1") throw new Error("led elsewhere");
      if (seen.status !== 307) await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error(`never 200: ${way.join(", ")}`);
  }

  beforeAll(async () => {
    r = recipe();
    for (const name of ["get", "post", "page", "paused"]) {
      await r.app(name, labelsOf(name), { env: { NAME: name, BOOT_MS: "500" } });
    }
    await r.app("socket", labelsOf("socket"));
    const health = { test: ["CMD", "/bin/true"], intervalMs: 1000 };
    await r.app("healthy", labelsOf("healthy"), { health });
    await r.docker.start("paused");
    await r.settled();
  });

  it("fails a WebSocket's first handshake, and the client's next one works", async () => {
    // A handshake is a GET, so it is sent round like one; its clients do not follow.
    expect((await r.webSocket("socket.localhost")).status).toBe(307);
    await r.settled();
    expect(await r.webSocket("socket.localhost")).toEqual({ status: 101, echo: "hello" });
  });

  it("sends visitors round until the health check of the container is content", async () => {
    const { seen } = await persist("healthy.localhost");
    expect(told(seen.body).url).toBe("/a?b=1");
  });

  it("holds what was paused a moment ago, body and all: its route is still there", async () => {
    // Only until Traefik looks again, which it does when anything starts or stops: no recipe for pauses.
    await r.docker.pause("paused");
    await r.wakegate.until("foreign_stop", "paused");
    const seen = await r.get("paused.localhost", { method: "POST", body: MEGABYTE });
    expect([seen.status, told(seen.body).sha256]).toEqual([200, SHA256]);
  });

  it("waits for the wake of a GET, then sends it through Traefik again", async () => {
    const { seen, way } = await persist("get.localhost");
    expect(told(seen.body)).toMatchObject({ app: "get", url: "/a?b=1" });
    expect(way.slice(0, -1).every((status) => status === 307)).toBe(true);
  });

  it("wakes for a POST but lets the client send it again", async () => {
    const since = Date.now();
    const { seen, way } = await persist("post.localhost", "POST");
    expect(way[0]).toBe(503);
    expect(told(seen.body).sha256).toBe(SHA256);
    expect(await r.starts("post", since)).toBe(1);
  });

  it("shows browsers the page", async () => {
    const headers = { Accept: "text/html", "Sec-Fetch-Mode": "navigate" };
    const seen = await r.get("page.localhost", { headers });
    expect([seen.status, seen.headers["x-wakegate"] === undefined]).toEqual([503, false]);
    expect(seen.body).toContain("<html");
    await expect
      .poll(async () => (await r.get("page.localhost", { headers })).status, { timeout: 20_000 })
      .toBe(200);
  });

  it("loses no route of a running app while Wakegate restarts under load", async () => {
    await persist("post.localhost");
    const over = new AbortController();
    const statuses = new Set<number>();
    const visitors = Array.from({ length: 5 }, async () => {
      while (!over.signal.aborted) statuses.add((await r.get("post.localhost")).status);
    });
    await r.restartWakegate();
    const back = Date.now();
    await expect.poll(async () => (await r.get("post.localhost")).status, { timeout: 20_000 }).toBe(200);
    expect(Date.now() - back).toBeLessThan(15_000);
    over.abort();
    await Promise.all(visitors);
    expect([...statuses].filter((status) => status !== 200 && status !== 500)).toEqual([]);
  });

  it("goes by the real Host: forwarded headers wake nothing, and unknown hosts are 404", async () => {
    const since = Date.now();
    await r.docker.stop("get", 0);
    await r.settled();
    const forged = { "X-Forwarded-Host": "get.localhost", "X-Forwarded-Uri": "/" };
    expect((await r.get("nobody.localhost", { headers: forged })).status).toBe(404);
    expect(await r.starts("get", since)).toBe(0);
  });
});
