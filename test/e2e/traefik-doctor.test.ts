import { beforeAll, expect, it } from "vitest";
import type { Report } from "../../src/doctor/report.ts";
import { askDoctor, complaints, findingsOf } from "./support/doctor.ts";
import { eachTraefik, type Recipe } from "./support/traefik-recipe.ts";

/** What the doctor says when it has to find the proxy by itself. */
const examine = async ({ wakegate }: Recipe): Promise<Report> => await askDoctor(wakegate);

/** Labels that give an app its route. */
function routed(name: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const router = `traefik.http.routers.${name}`;
  return {
    [`${router}.rule`]: `Host(\`${name}.localhost\`)`,
    [`${router}.entrypoints`]: "web",
    [`${router}.middlewares`]: "wakegate@docker",
    "wakegate.foreign_stop_grace": "0s",
    ...more,
  };
}

/** As the recipe of labels has them: the route and its address outlive the container's sleep. */
function kept(name: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return routed(name, {
    "traefik.docker.allownonrunning": "true",
    [`traefik.http.services.${name}.loadbalancer.server.url`]: `http://${name}:8080`,
    ...more,
  });
}

/** Makes an app for one test, and waits until Traefik has noticed; takes both away again. */
async function withApp<T>(
  r: Recipe,
  name: string,
  labels: Readonly<Record<string, string>>,
  look: () => Promise<T>,
): Promise<T> {
  await r.app(name, labels, { env: { NAME: name } });
  try {
    // Traefik looks only when something starts or dies.
    await r.docker.run(`nudge-${name}`, { network: r.network });
    await r.settled();
    return await look();
  } finally {
    for (const each of [name, `nudge-${name}`]) await r.docker.rm(each);
  }
}

eachTraefik("the doctor behind Traefik by labels", { recipe: "labels" }, (recipe) => {
  let r: Recipe;

  beforeAll(async () => {
    r = recipe();
    await r.app("well", kept("well"));
    await r.app("awake", kept("awake"));
    await r.docker.start("awake");
    await r.settled();
    // From then on it is known who asks.
    expect((await r.get("awake.localhost")).status).toBe(200);
  });

  it("finds the proxy by its questions, and nothing to fix; it wakes nothing", async () => {
    const since = Date.now();
    const report = await examine(r);
    expect(complaints(report, ["problem", "warning"])).toEqual([]);
    const [asks] = findingsOf(report, "forward-auth");
    expect(asks).toMatchObject({ level: "ok" });
    expect(asks?.evidence).toContain(`probed through http://${r.front.address}:80`);
    expect(findingsOf(report, "route-survives")[0]?.sentence).toContain("also for what sleeps: well");
    expect(findingsOf(report, "own-route")[0]).toMatchObject({ level: "ok" });
    expect(findingsOf(report, "references")[0]).toMatchObject({ level: "ok" });
    expect(await r.starts("well", since)).toBe(0);
  });

  it("names the middleware that an app's router lacks, as labels", async () => {
    const labels = kept("bare", { "traefik.http.routers.bare.middlewares": "" });
    const report = await withApp(r, "bare", labels, async () => {
      await r.docker.start("bare");
      await r.settled();
      return await examine(r);
    });
    expect(complaints(report)).toEqual(["problem proxy forward-auth"]);
    const [finding] = findingsOf(report, "forward-auth", "bare");
    expect(finding?.fix[0]?.lines).toContain("traefik.http.routers.bare.middlewares");
    expect(finding?.fix).toHaveLength(1);
  });

  it("names the route that Traefik has forgotten with the container", async () => {
    const report = await withApp(r, "lost", routed("lost"), () => examine(r));
    expect(complaints(report)).toEqual(["problem proxy route-survives"]);
    const [finding] = findingsOf(report, "route-survives", "lost");
    expect(finding?.evidence).toEqual(["GET lost.localhost/ answered 404"]);
    expect(finding?.fix.at(-1)?.lines).toContain('traefik.docker.allownonrunning: "true"');
  });

  it("names what would be told down, or be missing, while something sleeps", async () => {
    const checked = kept("checked", {
      "traefik.http.services.checked.loadbalancer.healthcheck.path": "/",
      "traefik.http.routers.checked.middlewares": "wakegate@docker,nobodys@docker",
    });
    const report = await withApp(r, "checked", checked, () => examine(r));
    const sentences = findingsOf(report, "references").map(({ sentence }) => sentence);
    expect(sentences).toEqual([
      expect.stringContaining("Traefik's health check calls checked down while it sleeps"),
      expect.stringContaining("uses nobodys@docker, which no container defines"),
    ]);
  });
});

eachTraefik("the doctor behind Traefik with the catch-all", { recipe: "catch-all" }, (recipe) => {
  it("takes a visitor whom the catch-all gets for a good one", async () => {
    const r = recipe();
    await r.app("blog", routed("blog"));
    await r.app("awake", routed("awake"));
    await r.docker.start("awake");
    await r.settled();
    expect((await r.get("awake.localhost")).status).toBe(200);
    const report = await examine(r);
    expect(complaints(report, ["problem", "warning"])).toEqual([]);
    const caught = findingsOf(report, "forward-auth", "blog");
    expect(caught[0]?.sentence).toBe("blog.localhost sleeps, and its visitors come to the catch-all.");
  });
});

eachTraefik("the doctor behind Traefik with Wakegate as its provider", { recipe: "provider" }, (recipe) => {
  it("sees that Traefik fetches, and that a login is asked for first", async () => {
    const r = recipe();
    const labels = {
      "traefik.http.routers.blog.rule": "Host(`blog.example.com`)",
      "traefik.http.routers.blog.entrypoints": "websecure",
      "traefik.http.routers.blog.tls": "true",
      "traefik.http.routers.blog.middlewares": "authelia@docker",
    };
    await r.app("blog", labels);
    await r.settled();
    expect((await r.get("blog.example.com")).status).toBe(200);
    const report = await examine(r);
    expect(complaints(report, ["problem", "warning"])).toEqual([]);
    expect(findingsOf(report, "traefik-provider")[0]).toMatchObject({
      level: "ok",
      sentence: expect.stringContaining("Traefik fetches Wakegate's configuration") as string,
    });
    expect(findingsOf(report, "forward-auth", "blog")[0]).toMatchObject({ level: "skipped" });
    expect(findingsOf(report, "sso-order")[0]).toMatchObject({ level: "ok" });
  });
});

eachTraefik(
  "the doctor behind Traefik with another token",
  {
    recipe: "provider",
    flags: (flags) =>
      flags.map((flag) => flag.replace(/(\.headers\.Authorization=).*$/, "$1Bearer another-word")),
  },
  (recipe) => {
    it("names the token, without showing it", async () => {
      const r = recipe();
      await r.app("blog", routed("blog", { "traefik.http.routers.blog.entrypoints": "websecure" }));
      await r.settled();
      const report = await examine(r);
      const [finding] = findingsOf(report, "traefik-provider");
      expect(finding).toMatchObject({ level: "problem", layer: "proxy" });
      expect(finding?.sentence).toContain("Traefik asks with another token than publish.traefik.token");
      expect(finding?.fix[0]?.lines).toContain("Bearer <publish.traefik.token>");
      expect(JSON.stringify(report)).not.toContain("another-word");
    });
  },
);
