import { beforeAll, expect, it } from "vitest";
import { firstRequests, HELD, sixApps, told } from "./support/first-requests.ts";
import { eachTraefik, type Recipe } from "./support/traefik-recipe.ts";

const SECRET = "a-secret-path-for-the-tests-only";

function labelsOf(name: string, rule = `Host(\`${name}.example.com\`)`): Record<string, string> {
  const router = `traefik.http.routers.${name}`;
  return {
    [`${router}.rule`]: rule,
    [`${router}.entrypoints`]: "websecure",
    [`${router}.tls`]: "true",
    [`${router}.middlewares`]: "authelia@docker",
    "wakegate.foreign_stop_grace": "0s",
  };
}

eachTraefik(
  "Traefik 2.11 with Wakegate as HTTP provider",
  {
    recipe: "provider",
    major: 2,
    env: {
      WAKEGATE_PUBLISH_TRAEFIK_TOKEN: undefined,
      WAKEGATE_PUBLISH_TRAEFIK_VERSION: undefined,
      WAKEGATE_PUBLISH_TRAEFIK_SECRET_PATH: SECRET,
    },
    // It cannot send headers.
    flags: (flags) =>
      flags
        .filter((flag) => !flag.startsWith("--providers.http.headers."))
        .map((flag) => flag.replace(/(?<=^--providers\.http\.endpoint=.*)$/, `/${SECRET}`)),
  },
  (recipe) => {
    let r: Recipe;

    beforeAll(async () => {
      r = recipe();
      await sixApps(r, "stopped", labelsOf);
      // Its language of rules has several values, and names for expressions.
      await r.app("two", labelsOf("two", "Host(`one.example.com`,`two.example.com`)"));
      await r.app("wild", labelsOf("wild", "HostRegexp(`{sub:[a-z]+}.wild.example.com`)"));
      await r.app("awake", labelsOf("awake"));
      await r.app("newer", {
        ...labelsOf("newer"),
        "traefik.http.routers.newer.observability.metrics": "false",
      });
      await r.settled();
    });

    it("answers the first request of any kind", async () => {
      expect(await firstRequests(r, "stopped", "example.com")).toEqual(HELD);
    });

    it("wakes by its own language of rules", async () => {
      const [two, wild] = await Promise.all([
        r.get("two.example.com", { path: "/2" }),
        r.get("any.wild.example.com", { path: "/w" }),
      ]);
      expect([told(two.body).url, told(wild.body).url]).toEqual(["/2", "/w"]);
    });

    it("takes the whole document: a label that it does not know is left out with its router", async () => {
      expect((await r.get("newer.example.com")).status).toBe(404);
      const warned = r.wakegate.log().filter(({ event }) => event === "label_warning");
      expect(warned.map(({ msg }) => msg).join("\n")).toContain("needs Traefik 3.3");
    });

    it("keeps running apps reachable while Wakegate is away", async () => {
      expect((await r.get("awake.example.com")).status).toBe(200);
      await r.wakegate.kill();
      await expect.poll(async () => (await r.get("awake.example.com")).status, { timeout: 30_000 }).toBe(200);
      expect((await r.get("awake.example.com", { headers: { Cookie: "nothing=1" } })).status).toBe(401);
    });
  },
);
