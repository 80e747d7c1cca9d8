import { describe, expect, it } from "vitest";
import { presetLayer } from "../../src/config/presets.ts";
import { parseRate } from "../../src/config/values/rate.ts";
import { APP_PRESETS, appPresetNames } from "../../src/presets/apps.ts";
import { TRAFFIC_PRESETS } from "../../src/presets/traffic.ts";
import { ENABLE, line, loadText, messageFor, read, settingsOf, specOf, told, valueOf } from "./support.ts";

describe("rules", () => {
  it("are read from file and labels, laid over each other by name", async () => {
    const yaml = `
defaults:
  rules:
    dashboard: { match: { clients: [172.18.0.9, private], paths: [/api/*] }, wakes: false }
    export: { match: { methods: [post] }, counts: false }
targets:
  app: { rules: { dashboard: { counts: true } } }
`;
    const labels = {
      ...ENABLE,
      "wakegate.rules.dashboard.match.paths": "/api/*,/stats",
      "wakegate.rules.own.match.user_agents": "*Home?Board*",
      "wakegate.rules.own.match.headers.X-From": "board*",
      "wakegate.rules.own.wakes": "false",
    };
    expect((await specOf("app", labels, yaml)).rules).toEqual([
      {
        name: "dashboard",
        match: {
          clients: ["172.18.0.9/32", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
          paths: ["/api/*", "/stats"],
        },
        wakes: false,
        counts: true,
      },
      { name: "export", match: { methods: ["POST"] }, wakes: true, counts: false },
      {
        name: "own",
        match: { userAgents: ["*Home?Board*"], headers: { "x-from": "board*" } },
        wakes: false,
        counts: false,
      },
    ]);
  });

  it("are told with their place when they are bad", async () => {
    const yaml = `
targets:
  app:
    docker: { container: app }
    presets: [monitors, crawler]
    rules:
      a: { match: { paths: [api] }, wakes: false }
      b: { wakes: false }
      c: { match: { path: [/x] } }
      D: { match: { methods: ["GET /"] } }
`;
    expect(told(await loadText(yaml))).toEqual([
      expect.stringContaining("wakegate.yaml:5:25 targets.app.presets[1]: expected one of"),
      expect.stringContaining(
        "wakegate.yaml:7:29 targets.app.rules.a.match.paths[0]: expected a path that begins with /",
      ),
      expect.stringContaining(
        'wakegate.yaml:9:21 targets.app.rules.c.match.path: unknown key; did you mean "paths"?',
      ),
      expect.stringContaining("targets.app.rules.D"),
    ]);
    const empty = "targets:\n  app: { docker: { container: app }, rules: { b: { wakes: false } } }\n";
    expect(told(await loadText(empty))).toEqual([
      expect.stringContaining("targets.app.rules.b: would match every request"),
    ]);
  });

  it("disable a target alone when its labels are bad", async () => {
    const reading = await read("app", {
      ...ENABLE,
      "wakegate.rules": "x",
      "wakegate.rules.a": "x",
      "wakegate.rules.a.match.methods": "G T/",
      "wakegate.rules.a.matches.paths": "/",
    });
    expect(reading.kind).toBe("invalid");
    expect(reading.problems.map(line)).toEqual([
      expect.stringContaining("wakegate.rules: is a group of names: write wakegate.rules.NAME.match.methods"),
      expect.stringContaining(
        "wakegate.rules.a: is a group: write wakegate.rules.a.match, wakegate.rules.a.wakes",
      ),
      expect.stringContaining("wakegate.rules.a.matches.paths: unknown label; did you mean"),
      expect.stringContaining("wakegate.rules.a.match.methods: expected an HTTP method"),
    ]);
    const all = await read("app", { ...ENABLE, "wakegate.rules.a.wakes": "false" });
    expect(all).toMatchObject({ kind: "invalid" });
    expect(all.problems.map(line).join()).toContain("wakegate.rules.a: would match every request");
  });
});

describe("traffic presets and pollers", () => {
  it("are all on by default, and can be switched by each layer", async () => {
    expect(await specOf("app", ENABLE)).toMatchObject({
      presets: ["monitors", "crawlers", "link-previews", "assets"],
      pollers: { wakes: true, counts: false },
    });
    const labels = { ...ENABLE, "wakegate.presets": "", "wakegate.pollers.wakes": "false" };
    expect(await specOf("app", labels)).toMatchObject({
      presets: [],
      pollers: { wakes: false, counts: false },
    });
  });

  it("hold rules that take something away, with globs that mean something", () => {
    for (const { rules } of Object.values(TRAFFIC_PRESETS)) {
      for (const { match, wakes, counts } of rules) {
        expect(wakes && counts).toBe(false);
        expect(Object.keys(match).length).toBeGreaterThan(0);
        expect(
          [...(match.userAgents ?? []), ...(match.paths ?? [])].filter((glob) => /^\**$/.test(glob)),
        ).toEqual([]);
      }
    }
  });
});

describe("app presets", () => {
  it.each(appPresetNames)("%s is accepted by the schema", (name) => {
    expect(presetLayer(name)).toBeDefined();
    expect(APP_PRESETS[name].title).not.toBe("");
  });

  it("lie between defaults and what is said of the target", async () => {
    const yaml = "defaults: { idle_timeout: 1h, hold_timeout: 5s, readiness: { timeout: 2s } }\n";
    const labels = { ...ENABLE, "wakegate.preset": "jellyfin", "wakegate.readiness.path": "/web/health" };
    const spec = await specOf("app", labels, yaml);
    expect(spec).toMatchObject({
      preset: "jellyfin",
      port: 8096,
      idleTimeoutMs: 1_800_000,
      holdTimeoutMs: 5000,
      readiness: { kind: "http", path: "/web/health", statuses: [[200, 200]], timeoutMs: 2000 },
    });
    expect(spec.rules.map(({ name }) => name)).toEqual(["health", "dashboards"]);
    const withFile = await specOf("app", labels, "targets: { app: { preset: immich } }\n");
    expect(withFile).toMatchObject({ preset: "immich", port: 2283 });
    const traefik = { "traefik.http.services.app.loadbalancer.server.port": "8097" };
    expect(await specOf("app", { ...labels, ...traefik })).toMatchObject({ port: 8097 });
  });

  it("work for targets of the file, and warn of what should stay awake", async () => {
    const yaml = (more: string) => `targets:\n  app: { docker: { container: app }, preset: ${more} }\n`;
    const loaded = await loadText(yaml("home-assistant"));
    expect(settingsOf(loaded).targets[0]?.idleTimeoutMs).toBeUndefined();
    expect(told(loaded)).toEqual([
      expect.stringContaining("targets.app.preset: Home Assistant runs automations"),
    ]);
    expect(told(await loadText(yaml("jellyfin")))).toEqual([]);
    expect(told(await loadText(yaml("n8n, idle_timeout: never")))).toEqual([]);
    const reading = await read("app", { ...ENABLE, "wakegate.preset": "home-assistant" });
    expect(reading.problems.map(line)).toEqual([expect.stringContaining("wakegate.preset: Home Assistant")]);
    expect(told(await loadText(yaml("jellyfinn")))).toEqual([
      expect.stringContaining('did you mean "jellyfin"?'),
    ]);
  });

  it("let a rule be undone by its name", async () => {
    const labels = { ...ENABLE, "wakegate.preset": "code-server", "wakegate.rules.health.wakes": "true" };
    expect((await specOf("app", labels)).rules).toMatchObject([
      { name: "health", wakes: true, counts: true },
    ]);
  });
});

describe("wake_rate", () => {
  it("has defaults, and can be switched off", async () => {
    expect(settingsOf(await loadText("")).wakeRate).toEqual({
      perClient: { count: 30, perMs: 60_000 },
      perTarget: { count: 6, perMs: 60_000 },
    });
    const yaml = "wake_rate: { per_client: off, per_target: 100/h }\n";
    expect(settingsOf(await loadText(yaml)).wakeRate).toEqual({
      perTarget: { count: 100, perMs: 3_600_000 },
    });
  });

  it("is written as a rate", () => {
    expect(valueOf(parseRate("2/s"))).toEqual({ count: 2, perMs: 1000 });
    for (const wrong of ["10", "ten/min", "10/fortnight", "/min", "1.5/min"]) {
      expect(valueOf(parseRate(wrong))).toBe("refused");
    }
    expect(messageFor(parseRate("0/min"))).toContain("off");
  });
});
