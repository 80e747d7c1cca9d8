import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, expect, it } from "vitest";
import { visit } from "../support/visitor.ts";
import { eachTraefik, type Recipe } from "./support/traefik-recipe.ts";

function labelsOf(name: string): Record<string, string> {
  const router = `traefik.http.routers.${name}`;
  return {
    [`${router}.rule`]: `Host(\`${name}.example.com\`)`,
    [`${router}.entrypoints`]: "websecure",
    [`${router}.tls`]: "true",
    [`${router}.middlewares`]: "authelia@docker",
    "wakegate.foreign_stop_grace": "0s",
  };
}

eachTraefik("Traefik while Wakegate is away", { recipe: "provider" }, (recipe) => {
  let r: Recipe;
  /** Statuses of visitors who come one after the other, ten at a time, until the work is done. */
  const underLoad = async (work: () => Promise<void>): Promise<Record<number, number>> => {
    const seen: Record<number, number> = {};
    const over = new AbortController();
    const visitors = Array.from({ length: 10 }, async () => {
      while (!over.signal.aborted) {
        const { status } = await r.get("awake.example.com").catch(() => ({ status: 0 }));
        seen[status] = (seen[status] ?? 0) + 1;
      }
    });
    await work();
    over.abort();
    await Promise.all(visitors);
    return seen;
  };

  beforeAll(async () => {
    r = recipe();
    await r.app("awake", labelsOf("awake"));
    await r.app("asleep", labelsOf("asleep"));
    await r.settled();
    expect((await r.get("awake.example.com")).status).toBe(200);
  });

  it("keeps running apps reachable through kill -9 and a restart, under load", async () => {
    const seen = await underLoad(async () => {
      await pause(1000);
      await r.wakegate.kill();
      await pause(4000);
      await r.wakegate.restart();
      await pause(3000);
    });
    expect(Object.keys(seen)).toEqual(["200"]);
    expect(seen[200]).toBeGreaterThan(50);
  });

  it("keeps them reachable through an orderly restart, under load", async () => {
    const seen = await underLoad(async () => {
      await r.wakegate.end();
      await pause(2500);
      await r.wakegate.restart();
      await pause(2500);
    });
    expect(Object.keys(seen)).toEqual(["200"]);
  });

  it("still asks single sign-on while it is away", async () => {
    await r.wakegate.kill();
    await pause(3000);
    const stranger = { headers: { Cookie: "nothing=1" } };
    expect((await r.get("awake.example.com", stranger)).status).toBe(401);
    // Nobody is there to wake it: its name leads nowhere, which some resolvers say late.
    expect([502, 504]).toContain((await r.get("asleep.example.com")).status);
    await r.wakegate.restart();
  });

  it("wakes what sleeps again after Traefik was restarted", async () => {
    await r.front.restart();
    await r.settled();
    const since = Date.now();
    expect((await r.get("asleep.example.com")).status).toBe(200);
    expect(await r.starts("asleep", since)).toBe(1);
  });

  it("leaves Traefik restarted alone with the labels' own routers, and comes back by itself", async () => {
    await r.docker.stop("asleep", 0);
    await r.wakegate.kill();
    await r.front.restart();
    await r.settled();
    expect((await r.get("awake.example.com")).status).toBe(200);
    expect((await r.get("asleep.example.com")).status).toBe(404);
    await r.wakegate.restart();
    await expect.poll(async () => (await r.get("asleep.example.com")).status, { timeout: 30_000 }).toBe(200);
  });

  it("lets Wakegate be uninstalled: the labels' own routers were there all the time", async () => {
    await r.wakegate.end();
    await r.docker.start("asleep");
    await r.front.restart();
    await r.settled();
    for (const host of ["awake.example.com", "asleep.example.com"]) {
      expect((await r.get(host)).status).toBe(200);
    }
    const seen = await visit({ ...r.visitOf("awake.example.com"), method: "POST", body: "x" });
    expect(seen.status).toBe(200);
  });
});
