import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load.ts";
import { loadText, settingsOf, temporaryFolder, told } from "./support.ts";

const EXAMPLE = `
listen: 127.0.0.1:9190
public_listen: 127.0.0.1:9191
state_dir: ./state
trusted_proxies: [loopback, private]
providers:
  docker:
    local: unix:///var/run/docker.sock
defaults: { idle_timeout: 15m }
targets:
  blog:
    docker: { container: blog, engine: local }
    hosts: [blog.example.com]
    port: 8080
    idle_timeout: 30m
    depends_on: [db:service_healthy]
`;

describe("loadSettings", () => {
  it("reads the example of the design", async () => {
    const settings = settingsOf(await loadText(EXAMPLE));
    expect(settings.engines).toEqual([{ kind: "docker", name: "local", url: "unix:///var/run/docker.sock" }]);
    expect(settings.stateDir).toMatch(/wakegate-config-.*\/state$/);
    expect(settings.targets).toHaveLength(1);
    expect(settings.targets[0]).toMatchObject({
      name: "blog",
      displayName: "blog",
      origin: "wakegate.yaml:11:3",
      source: { kind: "docker", engine: "local", container: "blog" },
      routes: [{ host: "blog.example.com", prefix: "/" }],
      port: 8080,
      idleTimeoutMs: 1_800_000,
      wakeTimeoutMs: 180_000,
      dependsOn: [{ name: "db", condition: "service_healthy" }],
      readiness: { kind: "auto", path: "/", statuses: [[100, 499]], timeoutMs: 5_000 },
    });
  });

  it("needs no file at all where a Docker socket is", async () => {
    const settings = settingsOf(await loadSettings({ env: {}, cwd: "/srv", socketExists: () => true }));
    expect(settings).toMatchObject({
      listen: { host: "127.0.0.1", port: 9190 },
      publicListen: { host: "127.0.0.1", port: 9191 },
      stateDir: "/srv/state",
      unknownHosts: "allow",
      trustedProxiesSet: false,
      engines: [{ name: "local", url: "unix:///var/run/docker.sock" }],
      defaults: { idleTimeoutMs: 900_000, holdTimeoutMs: 25_000, foreignStopGraceMs: 10_000, hosts: [] },
    });
    expect(settings.defaults.page).toEqual({ details: false, logs: false, footer: true });
  });

  it("says what to add when there is nothing to wake", async () => {
    const loaded = await loadSettings({ env: {}, socketExists: () => false });
    expect(told(loaded).join()).toMatch(/no Docker socket .* DOCKER_HOST/);
  });

  it("tells every problem at once with line and column, in the file's order", async () => {
    const loaded = await loadText(`listen: 9190
defaults: { idle_timeout: 15 }
targets:
  blog:
    docker: { contaner: blog }
    idel_timeout: 30m
    stop_method: pauze
    start_endpoint: http://x/start
  shop:
    docker: { container: shop }
    hosts: shop.example.com
    port: 99999
    no_loading_page: yes
`);
    expect(told(loaded)).toEqual([
      'wakegate.yaml:1:9 listen: expected host:port such as 127.0.0.1:9190: write 127.0.0.1:9190, or ":9190" for all addresses',
      "wakegate.yaml:2:27 defaults.idle_timeout: expected a duration such as 90s, 15m or 1h30m, or never: give the number a unit, 15s or 15m",
      "wakegate.yaml:5:13 targets.blog.docker.container: is missing: expected a container's name",
      'wakegate.yaml:5:15 targets.blog.docker.contaner: unknown key; did you mean "container"?',
      'wakegate.yaml:6:5 targets.blog.idel_timeout: unknown key; did you mean "idle_timeout"?',
      'wakegate.yaml:7:18 targets.blog.stop_method: expected one of stop, pause, hibernate, kill; did you mean "pause"?',
      "wakegate.yaml:8:21 targets.blog.start_endpoint: expected a path alone, such as /start, not a URL",
      "wakegate.yaml:11:12 targets.shop.hosts: expected a list: write it in brackets, [a, b], or one entry a line with - in front",
      "wakegate.yaml:12:11 targets.shop.port: expected at most 65535",
      "wakegate.yaml:13:22 targets.shop.no_loading_page: expected true or false",
    ]);
  });

  it("shows values as they are written", async () => {
    const loaded = await loadText(`defaults: { idle_timeout: 015 }`);
    expect(loaded).toMatchObject({ problems: [{ value: "015", severity: "error" }] });
  });

  it("tells syntax problems with their place", async () => {
    expect(told(await loadText("listen: :1\nlisten: :2\n"))).toEqual([
      "wakegate.yaml:2:1 : this key is there twice: keep one of them",
    ]);
    expect(told(await loadText("a: [1, 2\nb: 3\n"))[0]).toMatch(/^wakegate.yaml:2:1 : this is not YAML/);
    expect(told(await loadText("log: {}\n---\nlog: {}\n"))[0]).toContain("expected one YAML document");
    expect(told(await loadText("- a\n"))[0]).toContain("expected keys");
    expect(told(await loadText("targets:\n  a:\n    hosts: [*.example.com]\n"))[0]).toMatch(
      /wakegate.yaml:3:13 .*quotes, "\*\.example\.com"/,
    );
  });

  it("bounds what aliases may unfold to", async () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]\n`;
    expect(told(await loadText(bomb))[0]).toContain("aliases");
  });

  it("takes an empty file and empty groups for nothing said", async () => {
    settingsOf(await loadText(""));
    settingsOf(await loadText("# nothing\n"));
    settingsOf(await loadText("defaults:\n  # idle_timeout: 1h\ntargets:\nproviders:\n"));
  });

  it("says why a file cannot be read", async () => {
    await using folder = await temporaryFolder();
    const options = { env: {}, cwd: folder.path, socketExists: () => true };
    expect(told(await loadSettings({ ...options, file: "none.yaml" }))).toEqual([
      "none.yaml : there is no such file: check the path, and in a container that the file is mounted",
    ]);
    expect(told(await loadSettings({ ...options, file: "." }))[0]).toContain("this is a folder");
  });
});

describe("cross checks", () => {
  const target = (name: string, rest: string): string =>
    `  ${name}:\n    docker: { container: ${name} }\n${rest}`;

  it("names the way round a cycle", async () => {
    const yaml = `targets:\n${target("a", "    depends_on: [b]\n")}${target("b", "    depends_on: [c]\n")}${target("c", "    depends_on: [a]\n")}`;
    expect(told(await loadText(yaml))).toEqual([
      expect.stringMatching(/^wakegate.yaml:10:18 targets.c.depends_on\[0\]: .*a -> b -> c -> a/),
    ]);
  });

  it("refuses one route on two targets, and one container under two", async () => {
    const yaml = `targets:\n${target("a", "    hosts: [x.example.com]\n")}${target("b", "    hosts: [y.example.com, X.example.com/]\n")}  c:\n    docker: { container: a }\n`;
    expect(told(await loadText(yaml))).toEqual([
      expect.stringMatching(
        /^wakegate.yaml:7:28 targets.b.hosts\[1\]: a has this host already \(wakegate.yaml:2:3\)/,
      ),
      expect.stringMatching(/^wakegate.yaml:9:26 targets.c.docker.container: a has this container already/),
    ]);
  });

  it("refuses what cannot be together", async () => {
    const process = "targets:\n  app:\n    process: { command: [node, app.js] }\n    stop_method: pause\n";
    expect(told(await loadText(process))).toEqual([
      "wakegate.yaml:4:18 targets.app.stop_method: a local program cannot be paused: write stop_method: stop on this target",
    ]);
    expect(told(await loadText("listen: :9000\npublic_listen: 127.0.0.1:9000\n"))[0]).toMatch(
      /^wakegate.yaml:2:16 public_listen: .*same address/,
    );
    expect(told(await loadText("defaults: { page_mode: redirect }"))[0]).toContain("public_url");
    const both = "targets:\n  app:\n    process: { command: [x] }\n    docker: { container: x }\n";
    expect(told(await loadText(both))[0]).toContain("docker or process, not both");
  });

  it("asks for the engine where there are several", async () => {
    const engines = "providers: { docker: { one: tcp://one, two: tcp://two } }\n";
    const loaded = await loadText(
      `${engines}targets:\n  a: { docker: { container: a } }\n  b: { docker: { container: b, engine: tow } }\n`,
    );
    expect(told(loaded)).toEqual([
      expect.stringContaining("there are several engines: add engine, one of one, two"),
      expect.stringContaining('did you mean "two"'),
    ]);
  });

  it("knows unknown dependencies only where no container can have the name", async () => {
    const yaml = "targets:\n  app: { process: { command: [x] }, depends_on: [db] }\n";
    settingsOf(await loadText(yaml));
    const loaded = await loadText(`providers: { docker: {} }\n${yaml}`);
    expect(told(loaded)[0]).toMatch(
      /^wakegate.yaml:3:50 targets.app.depends_on\[0\]: no target has this name/,
    );
  });

  it("wants TLS files together", async () => {
    const yaml = "providers: { docker: { nas: { url: tcp://nas:2376, ca_file: ca.pem } } }\n";
    expect(told(await loadText(yaml))[0]).toContain("all three");
    const good =
      "providers: { docker: { nas: { url: tcp://nas:2376, ca_file: a, cert_file: b, key_file: c } } }\n";
    expect(settingsOf(await loadText(good)).engines[0]).toMatchObject({
      tls: { caFile: expect.stringMatching(/^\/.*\/a$/) as string },
    });
  });
});
