import { expect, it } from "vitest";
import { startCaddy } from "../support/caddy.ts";
import { startNginx } from "../support/nginx.ts";
import type { RunningProxy, Upstreams } from "../support/proxy-process.ts";
import { suite } from "../support/require.ts";
import { ask, megabyte, NAVIGATION, openEchoSocket, told } from "./support/ask.ts";
import {
  engineOfFile,
  frontOf,
  makeApp,
  until,
  untilAsleep,
  type App,
  type AppOptions,
  type Front,
  type ProxyName,
  type Stage,
} from "./support/stage.ts";
import { startWakegate } from "./support/wakegate.ts";

const engine = engineOfFile();

interface Scene extends Stage, AsyncDisposable {
  readonly app: App;
  readonly front: Front;
}

function failsOpen(proxy: ProxyName, start: (upstreams: Upstreams) => Promise<RunningProxy>): void {
  async function scene(name: string, options: AppOptions): Promise<Scene> {
    const docker = await engine();
    // A Wakegate of its own: it is killed.
    const wakegate = await startWakegate({ socketPath: docker.socketPath });
    const app = await makeApp({ docker, wakegate }, `${name}-${proxy}`, options);
    const running = await start({
      app: app.address,
      wakegate: wakegate.internal,
      wakegatePublic: wakegate.public,
    });
    const front = frontOf(running, app.host);
    return {
      docker,
      wakegate,
      app,
      front,
      async [Symbol.asyncDispose]() {
        await front[Symbol.asyncDispose]();
        await wakegate[Symbol.asyncDispose]();
        await app[Symbol.asyncDispose]();
      },
    };
  }

  it("a running app stays reachable while Wakegate is down, and nobody touches it", async () => {
    await using s = await scene("open", { is: "ready" });
    const { run } = told(await ask(s.front.url()));
    const since = Date.now();
    using socket = await openEchoSocket(s.front.url());
    await s.wakegate.kill();
    const { body, whole } = megabyte();
    for (let i = 0; i < 5; i++) {
      expect(told(await ask(s.front.url("/get")))).toMatchObject({ run, url: "/get" });
      expect(told(await ask(s.front.url("/post"), { method: "POST", body }))).toMatchObject({
        run,
        ...whole,
      });
    }
    await socket.echo("open since before");
    using late = await openEchoSocket(s.front.url());
    await late.echo("opened meanwhile");
    const page = await ask(s.front.url("/page"), { headers: NAVIGATION });
    expect(page).toMatchObject({ status: 200, headers: { "x-app": s.app.name } });

    await s.wakegate.restart();
    await s.wakegate.until("target_ready", s.app.name);
    expect(told(await ask(s.front.url("/after")))).toMatchObject({ run, url: "/after" });
    await socket.echo("open since before");
    expect((await s.docker.events(since, s.app.name)).map(({ Action }) => Action)).toEqual([]);
  });

  it("what sleeps answers with an error until Wakegate is back, then it is woken as ever", async () => {
    await using s = await scene("shut", { is: "stopped", labels: { page_after: "0s" } });
    await s.wakegate.kill();
    expect((await ask(s.front.url("/early"))).status).toBe(502);
    expect((await s.docker.inspect(s.app.name)).State.Running).toBe(false);

    await s.wakegate.restart();
    const since = Date.now();
    // Caddy asks again at the latest 5 s after it last asked in vain.
    await until("Wakegate is asked again", async () => (await ask(s.front.url("/late"))).status === 200);
    expect(told(await ask(s.front.url("/late"))).url).toBe("/late");
    expect(await s.docker.count("start", s.app.name, since)).toBe(1);

    await s.docker.stop(s.app.name);
    await untilAsleep(s, s.app.name, "stopped");
    const page = await ask(s.front.url("/page"), { headers: NAVIGATION });
    expect(page).toMatchObject({
      status: 503,
      headers: { "x-wakegate": expect.stringMatching(/^(waking|starting)$/) as string },
    });
  });

  it("a wake under way when Wakegate dies is finished by the next one", async () => {
    await using s = await scene("between", { env: { BOOT_MS: "2500" } });
    const lost = ask(s.front.url("/lost")).catch(() => undefined);
    await until("it runs", async () => (await s.docker.inspect(s.app.name)).State.Running);
    await s.wakegate.kill();
    // The held request ends one way or the other; it does not hang.
    await lost;
    await s.wakegate.restart();
    await s.wakegate.until("target_ready", s.app.name);
    expect(told(await ask(s.front.url("/next"))).url).toBe("/next");
  });
}

suite(["docker", "caddy"], "the fail-open recipe for Caddy", () => {
  failsOpen("caddy", (upstreams) => startCaddy({ ...upstreams, file: "Caddyfile.fail-open" }));
});
suite(["docker", "nginx"], "the fail-open recipe for nginx", () => {
  failsOpen("nginx", (upstreams) => startNginx({ ...upstreams, snippet: "wakegate-fail-open.conf" }));
});
