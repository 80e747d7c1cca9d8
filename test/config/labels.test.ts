import { describe, expect, it } from "vitest";
import { formatRoute } from "../../src/config/values/host-pattern.ts";
import { readLabels } from "../../src/config/labels.ts";
import { container, ENABLE, line, loadText, read, settingsOf, specOf } from "./support.ts";

describe("readLabels", () => {
  it("makes a target of wakegate.enable=true alone", async () => {
    const spec = await specOf("Blog_App", ENABLE);
    expect(spec).toMatchObject({
      name: "blog_app",
      displayName: "blog_app",
      origin: "labels of container Blog_App (local)",
      source: { kind: "docker", engine: "local", container: "Blog_App" },
      routes: [],
      idleTimeoutMs: 900_000,
    });
    expect(spec.port).toBeUndefined();
  });

  it("reads our labels by the schema of the file", async () => {
    const spec = await specOf("app", {
      ...ENABLE,
      "wakegate.name": "photos",
      "wakegate.hosts": "a.example.com, *.b.example.com example.com/x",
      "wakegate.port": "8080",
      "wakegate.idle_timeout": "never",
      "wakegate.stop_signal": "quit",
      "wakegate.depends_on": "db:service_healthy,cache",
      "wakegate.page.details": "true",
      "wakegate.readiness.path": "/health",
      "wakegate.readiness.status": "200-299,401",
      "wakegate.display_name": "Family photos",
    });
    expect(spec).toMatchObject({
      name: "photos",
      displayName: "Family photos",
      port: 8080,
      stopSignal: "SIGQUIT",
      dependsOn: [
        { name: "db", condition: "service_healthy" },
        { name: "cache", condition: "service_started" },
      ],
      page: { details: true, logs: false },
      readiness: {
        path: "/health",
        statuses: [
          [200, 299],
          [401, 401],
        ],
      },
    });
    expect(spec.idleTimeoutMs).toBeUndefined();
    expect(spec.routes.map(formatRoute)).toEqual(["a.example.com", "*.b.example.com", "example.com/x"]);
  });

  it("keeps the name and the readable routes of a target whose labels are bad", async () => {
    const reading = await read("app", {
      ...ENABLE,
      "wakegate.hosts": "a.example.com,http://b",
      "wakegate.idle_timeuot": "15m",
      "wakegate.stop_timeout": "10",
      "wakegate.page": "true",
      "wakegate.process.command": "rm",
      "wakegate.address": "http://elsewhere/",
    });
    expect(reading).toMatchObject({
      kind: "invalid",
      name: "app",
      enable: "on",
      routes: [{ host: "a.example.com" }],
    });
    expect(reading.problems.map(line)).toEqual([
      'container app (local) wakegate.idle_timeuot: unknown label; did you mean "wakegate.idle_timeout"?',
      "container app (local) wakegate.page: is a group: write wakegate.page.details, wakegate.page.logs, wakegate.page.footer",
      "container app (local) wakegate.process.command: belongs to the file: labels may not define programs",
      "container app (local) wakegate.hosts: expected a host without a scheme: write b",
      expect.stringContaining("container app (local) wakegate.stop_timeout: expected a duration"),
      expect.stringContaining(
        "container app (local) wakegate.address: expected host or host:port, not a URL",
      ),
    ]);
  });

  it("tells on, off and unset apart", async () => {
    expect(await read("a", {})).toMatchObject({ kind: "ignored", enable: "unset", because: "unlabelled" });
    expect(await read("a", { "wakegate.enable": "false" })).toMatchObject({ kind: "ignored", enable: "off" });
    expect(await read("a", { "wakegate.enable": "yes" })).toMatchObject({ kind: "invalid", enable: "off" });
    const forgotten = await read("a", { "wakegate.port": "80" });
    expect(forgotten.problems.map(line)).toEqual([
      expect.stringContaining("wakegate.port: has no effect without wakegate.enable=true"),
    ]);
  });

  it("ignores containers of docker compose run", async () => {
    const labels = { ...ENABLE, "com.docker.compose.oneoff": "True" };
    expect(await read("a", labels)).toMatchObject({ kind: "ignored", because: "one-off" });
  });
});

describe("labels and file together", () => {
  it("lays defaults < labels < file key by key", async () => {
    const yaml = `
defaults: { idle_timeout: 1h, wake_timeout: 1m, hold_timeout: 5s, page: { logs: true } }
targets:
  app: { idle_timeout: 3h, page: { footer: false } }
`;
    const labels = {
      ...ENABLE,
      "wakegate.idle_timeout": "2h",
      "wakegate.wake_timeout": "2m",
      "wakegate.page.details": "true",
    };
    expect(await specOf("app", labels, yaml)).toMatchObject({
      idleTimeoutMs: 10_800_000,
      wakeTimeoutMs: 120_000,
      holdTimeoutMs: 5_000,
      page: { details: true, logs: true, footer: false },
    });
  });

  it("manages a container that the file names, without labels", async () => {
    const yaml = "targets:\n  blog: { docker: { container: app }, idle_timeout: 2h }\n";
    const labels = {
      "traefik.http.routers.app.rule": "Host(`a.example.com`)",
      "com.docker.compose.depends_on": "db:service_started:false",
    };
    expect(await specOf("app", labels, yaml)).toMatchObject({
      name: "blog",
      origin: "wakegate.yaml:2:3",
      routes: [{ host: "a.example.com" }],
      dependsOn: [{ name: "db" }],
    });
    const named = await read("app", { ...ENABLE, "wakegate.name": "other" }, yaml);
    expect(named).toMatchObject({ kind: "target", name: "blog" });
    expect(named.problems.map(line).join()).toContain("the file calls this container blog");
  });

  it("refuses a name that the file gave to something else", async () => {
    const yaml = "targets:\n  app: { process: { command: [x] } }\n";
    const reading = await read("app", ENABLE, yaml);
    expect(reading.kind).toBe("invalid");
    expect(reading.problems.map(line).join()).toContain("the file gives the name app to a local program");
  });

  it("finds a network by the name that it has in the Compose file", async () => {
    const settings = settingsOf(await loadText(""));
    const labels = { ...ENABLE, "com.docker.compose.project": "shop", "wakegate.network": "apps" };
    const on = (...names: string[]): string | undefined => {
      const networks = names.map((name) => ({ name, address: "" }));
      const reading = readLabels({ ...container("web", labels), networks }, "local", settings);
      return reading.kind === "target" ? reading.spec.network : undefined;
    };
    expect(on("shop_default", "shop_apps")).toBe("shop_apps");
    expect(on("shop_apps", "apps")).toBe("apps");
    expect(on("elsewhere")).toBe("apps");
  });
});
