import { beforeAll, expect, it } from "vitest";
import { firstRequests, HELD, sixApps } from "./support/first-requests.ts";
import { eachTraefik, type Recipe } from "./support/traefik-recipe.ts";

/** The labels of an app, as in the example. */
function labelsOf(name: string): Record<string, string> {
  const router = `traefik.http.routers.${name}`;
  return {
    "traefik.docker.allownonrunning": "true",
    [`${router}.rule`]: `Host(\`${name}.localhost\`)`,
    [`${router}.entrypoints`]: "web",
    [`${router}.middlewares`]: "wakegate@docker",
    [`traefik.http.services.${name}.loadbalancer.server.url`]: `http://${name}:8080`,
  };
}

eachTraefik("Traefik by labels alone", { recipe: "labels" }, (recipe) => {
  let r: Recipe;

  beforeAll(async () => {
    r = recipe();
    await sixApps(r, "created", labelsOf);
    await sixApps(r, "stopped", labelsOf);
    await sixApps(r, "paused", labelsOf);
    const health = { test: ["CMD", "/bin/true"], intervalMs: 60_000 };
    await r.app("healthy", labelsOf("healthy"), { health });
    await r.app("late", labelsOf("late"), { env: { NAME: "late" } });
    // Traefik looks only when something starts or dies.
    await r.docker.run("nudge", { network: r.network });
    await r.settled();
  });

  for (const how of ["stopped", "paused", "created"] as const) {
    it(`answers the first request of any kind to a ${how} container`, async () => {
      expect(await firstRequests(r, how, "localhost")).toEqual(HELD);
    });
  }

  it("answers 200 first requests at once by one start", async () => {
    const since = Date.now();
    const answers = await Promise.all(
      Array.from(
        { length: 200 },
        async (_, at) => (await r.get("late.localhost", { path: `/${String(at)}` })).status,
      ),
    );
    expect(answers).toEqual(answers.map(() => 200));
    expect(await r.starts("late", since)).toBe(1);
  });

  it("does not wait for a health check that takes its time", async () => {
    expect((await r.get("healthy.localhost")).status).toBe(200);
  });

  it("leads to the loading page's events on every host", async () => {
    const seen = await r.get("late.localhost", { path: "/.wakegate/status" });
    expect([seen.status, seen.headers["x-wakegate"]]).toEqual([403, "refused"]);
  });

  it("answers 500 while Wakegate is away: this recipe does not fail open", async () => {
    await r.wakegate.kill();
    expect((await r.get("stopped-get.localhost")).status).toBe(500);
    await r.wakegate.restart();
    await expect.poll(async () => (await r.get("stopped-get.localhost")).status).toBe(200);
  });

  it("loses no route while Wakegate restarts under load, and needs no health check first", async () => {
    await r.get("late.localhost");
    const over = new AbortController();
    const statuses = new Set<number>();
    const visitors = Array.from({ length: 5 }, async () => {
      while (!over.signal.aborted) statuses.add((await r.get("late.localhost")).status);
    });
    await r.restartWakegate();
    const back = Date.now();
    await expect.poll(async () => (await r.get("late.localhost")).status, { timeout: 20_000 }).toBe(200);
    expect(Date.now() - back).toBeLessThan(15_000);
    over.abort();
    await Promise.all(visitors);
    expect([...statuses].filter((status) => status !== 200 && status !== 500)).toEqual([]);
    const events = await r.get("late.localhost", { path: "/.wakegate/status" });
    expect([events.status, events.headers["x-wakegate"]]).toEqual([403, "refused"]);
  });
});
