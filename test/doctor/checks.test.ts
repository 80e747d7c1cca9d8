import { describe, expect, it } from "vitest";
import type { Instance } from "../../src/providers/provider.ts";
import { reportOn } from "../../src/doctor/report.ts";
import { asked, box, enabled, findings, probing, sceneOf, unasked } from "./scene.ts";

const TRAEFIK = {
  "traefik.http.routers.blog.rule": "Host(`blog.example.com`)",
  "wakegate.enable": "true",
};
const PUBLISH = "publish: { traefik: { token: a-word-of-sixteen-or-more } }";

describe("the doctor's judgement", () => {
  it("finds nothing to say of a healthy chain", async () => {
    const scene = await sceneOf({
      boxes: [box("blog", { labels: enabled("blog.example.com") })],
      self: box("wakegate", { image: "wakegate" }),
      proxy: probing(asked("blog")),
    });
    const { ok, findings: all } = reportOn(scene);
    expect(all.filter(({ level }) => level !== "ok")).toEqual([]);
    expect(ok).toBe(true);
  });

  it("tells a proxy and a single sign-on that are targets by their images, and whoever asks for verdicts", async () => {
    const found = await findings("accident", {
      boxes: [
        box("auth", { labels: enabled("b.example.com"), image: "ghcr.io/goauthentik/server:2026.2" }),
        box("front", { labels: enabled("a.example.com"), image: "traefik:v3.6" }),
        box("mine", {
          labels: enabled("c.example.com"),
          image: "me/server",
          networks: [{ name: "web", address: "172.18.0.2" }],
        }),
      ],
      proxy: {
        ...probing(),
        kind: "asked",
        askers: ["172.18.0.2"],
        missed: [],
        probes: [],
        fromLoopback: false,
      },
    });
    expect(found.map(({ target, level }) => [target, level])).toEqual([
      ["auth", "problem"],
      ["front", "problem"],
      ["mine", "problem"],
    ]);
    expect(found[0]?.fix[0]).toEqual({
      where: "compose.yaml, labels of auth",
      lines: 'wakegate.enable: "false"',
    });
  });

  it("tells Wakegate itself when it is labelled", async () => {
    const found = await findings("accident", {
      self: box("wakegate", { labels: enabled("w.example.com") }),
    });
    expect(found[0]?.sentence).toContain("is Wakegate itself");
  });

  it("knows what should never sleep, unless it never does", async () => {
    const boxes = (more = {}) => [
      box("dns", { labels: enabled("d.example.com", more), image: "pihole/pihole:2026.02" }),
      box("db", { labels: enabled("e.example.com"), image: "postgres:17" }),
    ];
    expect((await findings("always-on", { boxes: boxes() })).map(({ target }) => target)).toEqual(["dns"]);
    const never = await findings("always-on", { boxes: boxes({ "wakegate.idle_timeout": "never" }) });
    expect(never).toEqual([]);
  });

  describe("of workloads in a cluster", () => {
    const workload = (name: string, more: Partial<Instance> = {}): Instance =>
      box(`web/${name}`, {
        id: `web/deployment/${name}`,
        labels: {
          ...enabled(`${name}.example.com`),
          "com.docker.compose.project": "web",
          "com.docker.compose.service": name,
        },
        ...more,
      });
    const self = workload("gate", {
      image: "wakegate",
      labels: { "com.docker.compose.project": "tools", "com.docker.compose.service": "gate" },
    });
    const traefik = workload("traefik", { image: "traefik:v3.6", labels: {} });
    const fixesOf = async (id: string, options: Parameters<typeof findings>[1]) =>
      (await findings(id, { inCluster: true, ...options })).flatMap(({ fix }) => fix);

    it("names the manifest and its annotations, and no Compose file", async () => {
      const boxes = [workload("dns", { image: "pihole/pihole:2026.02" })];
      expect((await fixesOf("always-on", { boxes }))[0]).toEqual({
        where: "manifest of deployment/dns in web, metadata.annotations",
        lines: 'wakegate.enable: "false"',
      });
      expect(await fixesOf("labels", { boxes: [] })).toEqual([
        {
          where: "manifest of the workload that may sleep, metadata",
          lines: 'annotations:\n  wakegate.enable: "true"',
        },
      ]);
    });

    it("has the controller ask by its own resources, at Wakegate's name in the cluster", async () => {
      const proxy = probing(unasked("web-blog", 200, { host: "blog.example.com" }));
      const boxes = [workload("blog")];
      const [route] = await fixesOf("forward-auth", { boxes: [...boxes, traefik], self, proxy });
      expect(route).toMatchObject({
        where: expect.stringContaining("manifest of the IngressRoute of blog.example.com"),
        lines: expect.stringContaining("- name: wakegate\n"),
      });
      const nginx = workload("ingress", {
        image: "registry.k8s.io/ingress-nginx/controller:v1.14.0",
        labels: {},
      });
      const [ingress] = await fixesOf("forward-auth", { boxes: [...boxes, nginx], self, proxy });
      expect(ingress).toMatchObject({
        where: "manifest of the Ingress of blog.example.com, metadata.annotations",
        lines: expect.stringContaining(
          "auth-url: http://gate.tools.svc.cluster.local:9190/api/authz/auth-request\n",
        ),
      });
    });

    it("never speaks of Compose in a fix for a target, whatever is wrong with its proxy", async () => {
      const wrong = asked("web-blog", {
        host: "blog.example.com",
        own: { reply: { kind: "answered", status: 503 }, arrivals: [] },
      });
      const proxy = probing(wrong);
      const scene = await sceneOf({ inCluster: true, boxes: [workload("blog"), traefik], self, proxy });
      const fixes = reportOn(scene).findings.flatMap(({ target, fix }) => (target === undefined ? [] : fix));
      expect(fixes.length).toBeGreaterThan(0);
      expect(fixes.filter(({ where }) => /compose/i.test(where))).toEqual([]);
    });
  });

  it("finds a prefix that the proxy removes before it asks, and names the line that keeps it", async () => {
    const at = (told: string) => {
      const probe = asked("blog", { path: "/blog" });
      const arrivals = probe.arrivals.map((arrival) =>
        arrival.door === "authz" && arrival.facts
          ? { ...arrival, facts: { ...arrival.facts, path: told } }
          : arrival,
      );
      return probing({ ...probe, arrivals });
    };
    const boxes = [box("blog", { labels: enabled("blog.example.com/blog") })];
    const judged = async (told: string) => await findings("forwarded-headers", { boxes, proxy: at(told) });
    const [stripped] = await judged("/");
    expect(stripped).toMatchObject({ level: "problem", sentence: expect.stringContaining("removes /blog") });
    expect(stripped?.fix.map(({ lines }) => lines)).toEqual([
      "header_up X-Forwarded-Uri {http.request.orig_uri}",
      "proxy_set_header X-Original-URL $scheme://$wakegate_host$request_uri;",
      "traefik.http.routers.blog.middlewares: wakegate@docker,<the stripPrefix>",
    ]);
    expect((await judged("/other"))[0]).toMatchObject({ level: "warning" });
    expect((await judged("/blog/"))[0]).toMatchObject({ level: "ok" });
  });

  it("minds a refused right only where something needs it", async () => {
    const refusing = async (calls: readonly string[], labels = {}) => {
      const boxes = [box("blog", { labels: enabled("blog.example.com", labels) })];
      const refused = calls.map((call) => ({ call, grant: "POST=1" }));
      const engines = [{ name: "local", kind: "docker" as const, instances: boxes, exam: { refused } }];
      return (await findings("rights", { boxes, engines }))[0];
    };
    expect(await refusing(["kill", "pause", "exec"])).toMatchObject({
      level: "ok",
      evidence: ["refused, and not needed: kill, pause, exec"],
    });
    expect(await refusing(["usage"])).toMatchObject({ level: "warning" });
    expect(await refusing(["pause"], { "wakegate.stop_method": "pause" })).toMatchObject({
      level: "problem",
    });
  });

  it("tells the rule that a role of Kubernetes lacks, and what can be done without it", async () => {
    const asked = async (call: string, verb: string) => {
      const grant = `{ apiGroups: ["apps"], resources: ["deployments/scale"], verbs: ["${verb}"] }`;
      const exam = { refused: [{ call, grant }] };
      const engines = [{ name: "home", kind: "kubernetes" as const, instances: [], exam }];
      return (await findings("rights", { boxes: [], engines }))[0];
    };
    expect(await asked("update deployments/scale", "update")).toMatchObject({
      level: "problem",
      sentence: "The cluster of engine home forbids what targets need: update deployments/scale.",
      fix: [
        {
          lines: 'rules:\n  - { apiGroups: ["apps"], resources: ["deployments/scale"], verbs: ["update"] }',
        },
      ],
    });
    expect(await asked("remember: patch deployments", "patch")).toMatchObject({
      level: "warning",
      sentence: expect.stringContaining("can be done without: remember: patch deployments"),
    });
  });

  it("is not content while a target has failed to wake, and gives exit code, last lines and what to run", async () => {
    const failure = {
      reason: "exited",
      message: "blog stopped while starting, 2 times in a row (exit code 3).",
      exitCode: 3,
      log: ["fatal: no database"],
      at: 0,
      tries: 4,
    } as const;
    const scene = await sceneOf({ boxes: [box("blog", { labels: enabled("blog.example.com") })] });
    const targets = scene.targets.map((target) => ({
      ...target,
      failure,
      tried: [{ address: "172.18.0.9:80", failure: "connect ECONNREFUSED" }],
    }));
    const report = reportOn({ ...scene, targets });
    expect(report.ok).toBe(false);
    const problems = report.findings.filter(({ level }) => level === "problem");
    // The port and the firewall are not blamed for what the app itself says.
    expect(problems).toMatchObject([
      {
        id: "wakes",
        target: "blog",
        sentence:
          "blog failed to wake, 4 times in a row. blog stopped while starting, 2 times in a row (exit code 3).",
        evidence: ["exit code 3", "log: fatal: no database"],
        fix: [{ lines: "docker logs --tail 50 blog" }],
      },
    ]);
  });

  it("sees a crash loop that Wakegate did not begin, and does not blame its port", async () => {
    const at = Date.UTC(2026, 10, 22);
    const loop = { restartCount: 5, startedAt: at - 2_000, previousExit: { code: 9, oomKilled: false, at } };
    const boxes = [box("blog", { labels: enabled("blog.example.com"), ...loop })];
    const scene = await sceneOf({ boxes });
    const targets = scene.targets.map((target) => ({
      ...target,
      tried: [{ address: "172.18.0.9:80", failure: "connect ECONNREFUSED" }],
    }));
    const problems = reportOn({ ...scene, targets }).findings.filter(({ level }) => level === "problem");
    expect(problems).toMatchObject([{ id: "wakes", evidence: ["restarts so far: 5", "exit code 9"] }]);
  });

  it("says of a silent port which one it is and who says so", async () => {
    const boxes = [box("blog", { labels: enabled("blog.example.com"), exposedPorts: [22, 3000] })];
    const scene = await sceneOf({ boxes });
    const targets = scene.targets.map((target) => ({
      ...target,
      tried: [{ address: "172.18.0.9:22", failure: "connect ECONNREFUSED 172.18.0.9:22" }],
    }));
    const [found] = reportOn({ ...scene, targets }).findings.filter(({ id }) => id === "network");
    expect(found?.sentence).toContain(
      "nothing listens on port 22 (a guess: its image declares 22, 3000, and no label says which one it is)",
    );
  });

  it("tells restart: always", async () => {
    const [found] = await findings("restart", {
      boxes: [box("blog", { labels: enabled("blog.example.com"), restartPolicy: "always" })],
    });
    expect(found).toMatchObject({
      level: "warning",
      target: "blog",
      fix: [{ lines: "restart: unless-stopped" }],
    });
  });

  it("says which port is wrong when an app that runs does not answer", async () => {
    const scene = await sceneOf({ boxes: [box("blog", { labels: enabled("blog.example.com") })] });
    const [target] = scene.targets;
    if (!target) throw new Error("no target");
    const tried = [{ address: "172.18.0.9:80", failure: "connect ECONNREFUSED" }];
    const report = reportOn({ ...scene, targets: [{ ...target, tried }] });
    expect(report.findings.find(({ id }) => id === "network")).toMatchObject({
      level: "problem",
      layer: "app",
      evidence: ["172.18.0.9:80: connect ECONNREFUSED"],
    });
  });

  it("asks for no way to a part of a project that only has to run", async () => {
    const part = (service: string, more: Partial<Instance> = {}): Instance =>
      box(`shop-${service}-1`, {
        ...more,
        labels: {
          "com.docker.compose.project": "shop",
          "com.docker.compose.service": service,
          ...more.labels,
        },
      });
    const boxes = [
      part("web", {
        labels: {
          ...enabled("shop.example.com"),
          "com.docker.compose.depends_on": "db:service_started:false",
        },
      }),
      // An image that exposes a port, on a network that Wakegate is not on.
      part("db", { networks: [{ name: "shop_default", address: "172.19.0.2" }], exposedPorts: [5432] }),
    ];
    const self = box("wakegate", { networks: [{ name: "web", address: "172.18.0.2" }] });
    expect((await findings("network", { boxes, self })).map(({ level }) => level)).toEqual(["ok"]);
    const own = [
      ...boxes.slice(0, 1),
      part("db", { ...boxes[1], labels: { ...boxes[1]?.labels, "wakegate.port": "5432" } }),
    ];
    expect((await findings("network", { boxes: own, self }))[0]).toMatchObject({
      level: "problem",
      target: "shop-db-1",
    });
  });

  it("takes an engine inside of a machine that sleeps for asleep, not for broken", async () => {
    const boxes = [box("blog", { labels: enabled("blog.example.com"), status: "exited" })];
    const exam = { refused: [], asleepIn: "nas" };
    const scene = { boxes, engines: [{ name: "local", kind: "docker" as const, instances: boxes, exam }] };
    expect(await findings("engine", scene)).toMatchObject([
      { level: "skipped", sentence: "Engine local sleeps with nas, in which it runs: it was not asked." },
    ]);
    expect(await findings("rights", scene)).toMatchObject([{ level: "skipped" }]);
  });

  it("tells Traefik labels whose route goes away with the container, unless something keeps it", async () => {
    const boxes = [box("blog", { labels: TRAEFIK })];
    const lost = await findings("route-survives", { boxes });
    expect(lost[0]).toMatchObject({ level: "problem", layer: "proxy", target: "blog" });
    expect(lost[0]?.fix.at(-1)?.lines).toContain('traefik.docker.allownonrunning: "true"');
    expect(await findings("route-survives", { boxes, yaml: PUBLISH })).toEqual([]);
    expect(await findings("route-survives", { boxes, yaml: "catch_all: wake" })).toEqual([]);
    const kept = {
      ...TRAEFIK,
      "traefik.docker.allownonrunning": "true",
      "traefik.http.services.blog.loadbalancer.server.url": "http://blog:80",
    };
    expect(await findings("route-survives", { boxes: [box("blog", { labels: kept })] })).toEqual([]);
  });

  it("takes a 404 for what sleeps for a lost route, and for what is awake for a missing question", async () => {
    const labels = enabled("blog.example.com");
    const proxy = probing(unasked("blog", 404));
    const asleep = { boxes: [box("blog", { labels, status: "exited" })], proxy };
    expect((await findings("route-survives", asleep))[0]?.level).toBe("problem");
    expect(await findings("forward-auth", asleep)).toEqual([]);
    const awake = { boxes: [box("blog", { labels })], proxy };
    expect((await findings("forward-auth", awake))[0]?.level).toBe("problem");
  });

  it("says both when the proxy answers 502: no question, or no way to Wakegate", async () => {
    const [found] = await findings("forward-auth", {
      boxes: [box("blog", { labels: enabled("blog.example.com") })],
      proxy: probing(unasked("blog", 502)),
    });
    expect(found?.sentence).toContain("does not reach 127.0.0.1:9190");
    expect(found?.fix.map(({ where }) => where.split(",")[0])).toEqual([
      "Caddyfile",
      "nginx",
      "compose.yaml",
    ]);
  });

  it("follows Traefik's questions for its configuration", async () => {
    const at = Date.UTC(2026, 10, 22);
    const poll = async (traefikPoll: object | undefined, more = {}) =>
      (
        await findings("traefik-provider", {
          yaml: PUBLISH,
          ...(traefikPoll && { traefikPoll: { peer: "172.18.0.2", ...traefikPoll } as never }),
          ...more,
        })
      )[0];
    expect(await poll(undefined)).toMatchObject({ level: "problem" });
    expect(await poll(undefined, { uptimeMs: 5_000 })).toMatchObject({ level: "skipped" });
    expect(await poll({ at: at - 3_000, status: 200 })).toMatchObject({ level: "ok" });
    expect(await poll({ at: at - 3_000, status: 401 })).toMatchObject({ level: "problem" });
    expect(await poll({ at: at - 600_000, status: 200 })).toMatchObject({ level: "warning" });
    expect(await findings("traefik-provider", {})).toEqual([]);
    const [never] = await findings("traefik-provider", { yaml: PUBLISH });
    expect(JSON.stringify(never)).not.toContain("a-word-of-sixteen-or-more");
  });

  it("tells health checks of Traefik's and references to what sleeps", async () => {
    const check = { "traefik.http.services.blog.loadbalancer.healthcheck.headers.key": "a-secret" };
    const [health] = await findings("references", {
      boxes: [box("blog", { labels: { ...TRAEFIK, ...check } })],
    });
    expect(health).toMatchObject({ level: "problem", target: "blog" });
    expect(health?.fix[0]?.lines).toBe("traefik.http.services.blog.loadbalancer.healthcheck.headers.key: …");
    const owner = box("blog", {
      labels: { ...TRAEFIK, "traefik.http.middlewares.auth.basicauth.users": "ada:hash-of-a-secret" },
    });
    const user = box("wiki", { labels: { "traefik.http.routers.wiki.middlewares": "auth@docker,gone" } });
    const found = await findings("references", { boxes: [owner, user], yaml: PUBLISH });
    expect(found.map(({ sentence }) => sentence.split(",")[0])).toEqual([
      "Traefik's router wiki of wiki uses auth@docker from the labels of blog",
      "Traefik's router wiki of wiki uses gone@docker",
    ]);
    expect(JSON.stringify(found)).not.toContain("hash-of-a-secret");
  });

  it("tells the wrong order of single sign-on by labels, and an open door by the probe", async () => {
    const router = "traefik.http.routers.blog.middlewares";
    const labels = { ...TRAEFIK, [router]: "wakegate@docker,authelia@docker,gzip" };
    const [wrong] = await findings("sso-order", { boxes: [box("blog", { labels })], yaml: PUBLISH });
    expect(wrong).toMatchObject({ level: "problem", target: "blog" });
    expect(wrong?.fix[0]?.lines).toBe(`${router}: authelia@docker,wakegate@docker,gzip`);
    const [open] = await findings("sso-order", {
      boxes: [
        box("blog", { labels: enabled("blog.example.com") }),
        box("authelia", { image: "authelia/authelia:4" }),
      ],
      proxy: probing(asked("blog")),
    });
    expect(open).toMatchObject({ level: "warning", target: "blog" });
  });

  it("tells a clock that goes wrong, and a schedule without a time zone", async () => {
    const scene = await sceneOf({
      boxes: [
        box("blog", {
          labels: enabled("blog.example.com", { "wakegate.schedule.awake": "Mon-Fri 08:00-18:00" }),
        }),
      ],
      timeZone: "UTC",
    });
    const [engine] = scene.engines;
    if (!engine) throw new Error("no engine");
    const ahead = { ...engine, exam: { refused: [], clockAheadMs: 3 * 3_600_000 } };
    const { findings: all } = reportOn({ ...scene, engines: [ahead] });
    expect(all.filter(({ id }) => id === "clock").map(({ sentence }) => sentence)).toEqual([
      "The clock of engine local is 10800 s ahead of this one: schedules, pins and tokens go wrong.",
      "The schedule of blog is read in UTC, because no time zone is set.",
    ]);
  });

  it("tells a state folder that cannot be written, is lost with the container, or is full", async () => {
    const state = async (more: object) => (await findings("state", { state: { dir: "/state", ...more } }))[0];
    expect(await state({ failure: "EACCES" })).toMatchObject({ level: "problem", layer: "wakegate" });
    expect(await state({ onVolume: false })).toMatchObject({ level: "warning" });
    expect((await state({ onVolume: false }))?.fix[0]?.lines).toContain("- wakegate:/state");
    expect(await state({ freeBytes: 1_000_000 })).toMatchObject({ level: "warning" });
    expect(await state({ freeBytes: 1e12, onVolume: true })).toMatchObject({ level: "ok" });
  });

  it("warns of trusted proxies that are everybody", async () => {
    const [found] = await findings("trusted-proxies", {
      yaml: "trusted_proxies: [0.0.0.0/0]",
      boxes: [box("blog", { labels: enabled("blog.example.com") })],
      proxy: probing(asked("blog")),
    });
    expect(found).toMatchObject({ level: "warning", fix: [{ lines: "trusted_proxies: [172.18.0.2]" }] });
  });

  it("says what a wrong label is without what is written there", async () => {
    const labels = enabled("blog.example.com", { "wakegate.idle_timeout": "a-secret-by-mistake" });
    const [found] = await findings("labels", { boxes: [box("blog", { labels })] });
    expect(found).toMatchObject({ level: "problem", layer: "app" });
    expect(found?.sentence).toContain("Container blog (local), wakegate.idle_timeout");
    expect(found?.sentence).not.toContain("a-secret-by-mistake");
  });

  it("without the service says so, and that the proxy was not asked", async () => {
    const report = reportOn(
      await sceneOf({ mode: "alone", serviceDown: "Nothing listens at http://127.0.0.1:9190" }),
    );
    expect(report.ok).toBe(false);
    expect(report.findings[0]).toMatchObject({ id: "service", level: "problem" });
    expect(report.findings.find(({ id }) => id === "forward-auth")).toMatchObject({ level: "skipped" });
  });
});
