import { chmod, chown } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { Report } from "../../src/doctor/report.ts";
import { startCaddy } from "../support/caddy.ts";
import { startDockerd, type PrivateDockerd } from "../support/dockerd.ts";
import { startNginx } from "../support/nginx.ts";
import type { Upstreams } from "../support/proxy-process.ts";
import { RawDocker } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { startSocketProxy } from "../support/socket-proxy.ts";
import { askDoctor, complaints, findingsOf, runDoctor } from "./support/doctor.ts";
import { makeApp, stageOfFile, until, type App, type Stage } from "./support/stage.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

suite(["docker", "caddy", "nginx"], "the doctor on real parts", () => {
  let dockerd: Promise<PrivateDockerd> | undefined;
  afterAll(async () => {
    await (await dockerd)?.[Symbol.asyncDispose]();
  });
  const engine = (): Promise<PrivateDockerd> => (dockerd ??= startDockerd());
  const stage = stageOfFile(async () => new RawDocker((await engine()).socketPath));
  const upstreams = ({ wakegate }: Stage, app: App, more: Partial<Upstreams> = {}): Upstreams => ({
    app: app.address,
    wakegate: wakegate.internal,
    wakegatePublic: wakegate.public,
    ...more,
  });
  const started = async ({ docker }: Stage, app: App, since: number): Promise<number> =>
    await docker.count("start", app.name, since);

  test("finds nothing to fix behind the shipped Caddyfile, and wakes nothing to find out", async () => {
    const on = await stage();
    await using app = await makeApp(on, "well");
    await using caddy = await startCaddy(upstreams(on, app));
    const since = Date.now();
    const report = await askDoctor(on.wakegate, caddy.url);
    expect(complaints(report, ["problem", "warning"])).toEqual([]);
    expect(findingsOf(report, "forward-auth")[0]).toMatchObject({ level: "ok" });
    expect(findingsOf(report, "own-route")[0]).toMatchObject({ level: "ok" });
    expect(findingsOf(report, "route-survives")[0]?.sentence).toContain("also for what sleeps: well");
    expect(await started(on, app, since)).toBe(0);
  });

  test("names the proxy when forward_auth is missing, with the lines for Caddy", async () => {
    const on = await stage();
    await using app = await makeApp(on, "unasked", { is: "ready" });
    const edit = (text: string): string => text.replace(/^\timport wakegate$|^\t\timport wakegate$/gm, "");
    await using caddy = await startCaddy(upstreams(on, app, { edit }));
    const report = await askDoctor(on.wakegate, caddy.url);
    expect(complaints(report)).toEqual(["problem proxy forward-auth"]);
    const [finding] = findingsOf(report, "forward-auth", "unasked");
    expect(finding?.fix).toHaveLength(1);
    expect(finding?.fix[0]?.where).toContain("Caddyfile, in the site of unasked.localhost");
    expect(finding?.fix[0]?.lines).toContain(`forward_auth ${on.wakegate.internal} {`);
    expect(finding?.fix[0]?.lines).toContain("uri /api/authz/forward-auth?");
  });

  test("names the address when the proxy asks at a wrong one", async () => {
    const on = await stage();
    await using app = await makeApp(on, "mistyped");
    const edit = (text: string): string => text.replace("/api/authz/forward-auth?", "/api/auth?");
    await using caddy = await startCaddy(upstreams(on, app, { edit }));
    const report = await askDoctor(on.wakegate, caddy.url);
    expect(complaints(report)).toEqual(["problem proxy forward-auth"]);
    const [finding] = findingsOf(report, "forward-auth", "mistyped");
    expect(finding?.sentence).toContain("at the wrong address, /api/auth:");
    expect(finding?.fix[0]?.lines).toBe("uri /api/authz/forward-auth?");
  });

  for (const [name, start] of [
    ["caddy", startCaddy],
    ["nginx", startNginx],
  ] as const) {
    test(`tells that ${name} has no route for /.wakegate/`, async () => {
      const on = await stage();
      await using app = await makeApp(on, `no-route-${name}`);
      await using proxy = await start(upstreams(on, app, { withoutEvents: true }));
      const report = await askDoctor(on.wakegate, proxy.url);
      expect(complaints(report, ["problem", "warning"])).toEqual(["warning proxy own-route"]);
      const [finding] = findingsOf(report, "own-route");
      const line =
        name === "caddy"
          ? `reverse_proxy /.wakegate/* ${on.wakegate.public}`
          : `proxy_pass http://${on.wakegate.public};`;
      expect(finding?.fix[0]?.lines).toContain(line);
    });
  }

  test("tells what nginx leaves out: the answer, and the description of the request", async () => {
    const on = await stage();
    await using app = await makeApp(on, "half");
    const mute = (text: string): string => text.replace(/^\s*error_page 401.*$/m, "");
    {
      await using nginx = await startNginx(upstreams(on, app, { edit: mute }));
      const report = await askDoctor(on.wakegate, nginx.url);
      expect(complaints(report)).toEqual(["problem proxy forward-auth"]);
      expect(findingsOf(report, "forward-auth", "half")[0]?.fix[0]?.lines).toBe(
        "error_page 401 = @wakegate;",
      );
    }
    const vague = (text: string): string => text.replaceAll(/^\s*proxy_set_header X-Original-URL.*$/gm, "");
    await using nginx = await startNginx(upstreams(on, app, { edit: vague }));
    const report = await askDoctor(on.wakegate, nginx.url);
    expect(complaints(report)).toEqual(["problem proxy forwarded-headers"]);
    const [finding] = findingsOf(report, "forwarded-headers");
    expect(finding?.sentence).toContain("X-Original-URL is missing");
    expect(finding?.fix[0]?.lines).toContain("proxy_set_header X-Original-URL");
  });

  test("takes a login before Wakegate for what it is", async () => {
    const on = await stage();
    await using app = await makeApp(on, "behind");
    const edit = (text: string): string =>
      text.replace(
        "\t\timport wakegate",
        "\t\tredir https://auth.example.com/login 302\n\t\timport wakegate",
      );
    await using caddy = await startCaddy(upstreams(on, app, { edit }));
    const report = await askDoctor(on.wakegate, caddy.url);
    expect(complaints(report)).toEqual([]);
    expect(findingsOf(report, "forward-auth", "behind")[0]).toMatchObject({ level: "skipped" });
    expect(findingsOf(report, "sso-order")[0]).toMatchObject({ level: "ok" });
  });

  test("names Wakegate when the proxy is not in trusted_proxies, with the whole line", async () => {
    const on = await stage();
    await using app = await makeApp(on, "strange");
    await using caddy = await startCaddy(upstreams(on, app));
    await on.wakegate.configure("trusted_proxies: [10.9.9.9]");
    await until("the file is read anew", async () => {
      const report = await askDoctor(on.wakegate, caddy.url);
      return findingsOf(report, "trusted-proxies")[0]?.level === "problem";
    });
    const { code, out } = await runDoctor(
      ["--proxy", caddy.url, "--config", join(on.wakegate.folder, "wakegate.yaml")],
      { env: { NO_COLOR: "1" } },
    );
    await on.wakegate.configure("");
    expect(code).toBe(1);
    expect(out).toContain("problem   Trusted proxies");
    expect(out).toContain("in Wakegate");
    expect(out).toContain("trusted_proxies: [10.9.9.9/32, 127.0.0.1]");
    // oxlint-disable-next-line no-control-regex
    expect(out).not.toMatch(/\u001b\[/);
  });

  test("names the network that Wakegate's container lacks", async () => {
    const { docker } = await stage();
    await docker.createNetwork("blognet");
    await docker.createNetwork("proxynet");
    await docker.create("far-blog", {
      network: "blognet",
      labels: { "wakegate.enable": "true", "wakegate.hosts": "far.localhost" },
    });
    // The real thing: Wakegate inside a container, which finds itself by what the engine mounted into it.
    await docker.run("wakegate-box", {
      network: "proxynet",
      tty: true,
      cmd: ["/bin/node", "--import", "tsx", "/repo/src/main.ts", "doctor", "--alone", "--json"],
      env: { WAKEGATE_STATE_DIR: "/tmp/state", DOCKER_HOST: "unix:///docker.sock" },
      binds: { [ROOT]: "/repo", [docker.socketPath]: "/docker.sock" },
      extra: { WorkingDir: "/repo" },
    });
    try {
      await until(
        "the doctor is done",
        async () => (await docker.inspect("wakegate-box")).State.Status === "exited",
      );
      const report = JSON.parse(await docker.text("GET", "/containers/wakegate-box/logs?stdout=1")) as Report;
      const [finding] = findingsOf(report, "network", "far-blog");
      expect(finding).toMatchObject({ level: "problem", layer: "app" });
      expect(finding?.evidence).toEqual(["far-blog is on: blognet", "Wakegate is on: proxynet"]);
      expect(finding?.fix[0]?.lines).toContain("networks: [proxynet, blognet]");
      expect(finding?.fix[1]?.lines).toBe("docker network connect blognet wakegate-box");
    } finally {
      for (const name of ["far-blog", "wakegate-box"]) await docker.rm(name);
      for (const name of ["blognet", "proxynet"]) await docker.removeNetwork(name);
    }
  });

  test("names the right that a socket proxy withholds", async () => {
    const { docker } = await stage();
    await using proxy = await startSocketProxy(docker.socketPath, ({ method, path }) =>
      method === "GET" ? !path.endsWith("/stats") : !path.endsWith("/stop"),
    );
    const { code, out } = await runDoctor(["--alone", "--json"], { env: { DOCKER_HOST: proxy.url } });
    const report = JSON.parse(out) as Report;
    const [finding] = findingsOf(report, "rights");
    expect(finding).toMatchObject({ level: "problem", layer: "engine" });
    expect(finding?.sentence).toContain("forbids what targets need: stop.");
    expect(finding?.fix[0]?.lines).toBe('environment:\n  POST: "1"\n  ALLOW_STOP: "1"');
    expect(code).toBe(1);
  });

  test("names the group when the socket may not be opened", async () => {
    const { docker } = await stage();
    await chown(docker.socketPath, 65_534, 65_534);
    await chmod(docker.socketPath, 0o600);
    try {
      const { code, out } = await runDoctor(["--alone", "--json"], {
        env: { DOCKER_HOST: `unix://${docker.socketPath}` },
        // Root without the right to pass over permissions.
        prefix: ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"],
      });
      const report = JSON.parse(out) as Report;
      const [finding] = findingsOf(report, "engine");
      expect(finding).toMatchObject({ level: "problem", layer: "engine" });
      expect(finding?.sentence).toContain("no right to open");
      expect(finding?.fix[0]).toEqual({
        where: "compose.yaml, service wakegate, with DOCKER_GID in .env",
        lines: 'group_add: ["${DOCKER_GID}"]',
      });
      expect(code).toBe(1);
    } finally {
      await chown(docker.socketPath, 0, 0);
      await chmod(docker.socketPath, 0o660);
    }
  });

  test("names the engine when it is down, and says that Wakegate is when it is", async () => {
    const on = await stage();
    await using app = await makeApp(on, "lonely");
    await using caddy = await startCaddy(upstreams(on, app));
    await (await engine()).kill();
    let report = await askDoctor(on.wakegate, caddy.url);
    // In the moment of its death an engine still takes calls and drops them.
    await until("nothing listens any more", async () => {
      report = await askDoctor(on.wakegate, caddy.url);
      return findingsOf(report, "engine")[0]?.sentence.includes("nothing listens at") === true;
    });
    expect(complaints(report)).toEqual(["problem engine engine"]);
    const [finding] = findingsOf(report, "engine");
    expect(finding?.fix[0]?.lines).toBe("sudo systemctl start docker");
    await on.wakegate.end();
    const { code, out } = await runDoctor(["--json", "--config", join(on.wakegate.folder, "wakegate.yaml")]);
    const alone = JSON.parse(out) as Report;
    expect(code).toBe(1);
    expect(complaints(alone)).toEqual(["problem wakegate service", "problem engine engine"]);
    await (await engine()).restart();
  });
});
