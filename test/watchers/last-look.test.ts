import { describe, expect, it } from "vitest";
import type { Use } from "../../src/watchers/handle.ts";
import { FakeProc, type FakeSocket } from "../support/fake-proc.ts";
import type { Behaviour } from "../support/fake-world.ts";
import { labels, rig, type Rig } from "./world.ts";

const MINUTE = 60_000;
const PROXY = "172.18.0.2";
const REQUEST: Use = { kind: "request", client: "10.0.0.5", path: "/" };
const HANDSHAKE: Use = { ...REQUEST, path: "/socket", longLived: true };

interface Scene extends Rig {
  /** Connections to the app; change them as the test goes on. */
  readonly sockets: FakeSocket[];
  readonly proc: FakeProc;
}

/** An app that is ready behind a proxy, with the defaults: 15 minutes of idle time, no configuration. */
async function scene(
  options: {
    readable?: boolean;
    behaviour?: Behaviour;
    own?: Record<string, string>;
    idle?: string;
    record?: object;
  } = {},
): Promise<Scene> {
  const proc = new FakeProc();
  proc.readable = options.readable ?? true;
  const sockets = proc.add(77, "app", 80);
  const r = await rig({
    env: { WAKEGATE_DEFAULTS_IDLE_TIMEOUT: options.idle ?? "15m" },
    proc,
    ...(options.record && { records: { app: options.record } }),
    setUp: (w) => {
      w.create("traefik", { status: "running", networks: [{ name: "web", address: PROXY }] });
      w.create("sonarr", { status: "running", networks: [{ name: "web", address: "172.18.0.3" }] });
      w.create("app", {
        id: "app",
        labels: labels(options.own),
        status: "running",
        pid: 77,
        networks: [{ name: "web", address: "172.18.0.9", gateway: "172.18.0.1" }],
        ...(options.behaviour && { behaviour: options.behaviour }),
      });
    },
  });
  r.registry.noteAsker(PROXY);
  return Object.assign(r, { sockets, proc });
}

const fromProxy = (remotePort = 40_000, queued = 0): FakeSocket => ({
  from: PROXY,
  port: 80,
  remotePort,
  queued,
});

/** The connection of one key goes away. */
function close(r: Scene, remotePort = 40_000): void {
  r.sockets.splice(
    r.sockets.findIndex((socket) => socket.remotePort === remotePort),
    1,
  );
}

describe("what is in use stays awake, with no configuration", () => {
  it.each([true, false])(
    "a WebSocket with a ping every 20 s, an hour long (proc readable: %s)",
    async (readable) => {
      await using r = await scene({ readable, behaviour: { traffic: 14 } });
      r.watcher("app").touch(HANDSHAKE);
      r.sockets.push(fromProxy());
      await r.clock.advance(60 * MINUTE);
      expect(r.world.calls).toEqual([]);
      close(r);
      r.world.behaviour.set("app", {});
      await r.clock.advance(32 * MINUTE);
      expect(r.world.calls).toEqual(["stop app"]);
    },
  );

  it("a WebSocket that says nothing for hours, found by its connection", async () => {
    await using r = await scene();
    r.watcher("app").touch(HANDSHAKE);
    r.sockets.push(fromProxy());
    await r.clock.advance(5 * 60 * MINUTE);
    expect(r.world.calls).toEqual([]);
    expect(r.watcher("app").insight.why()).toMatchObject({
      fact: expect.stringContaining("A WebSocket or stream of 10.0.0.5 on /socket") as string,
      blindTo: [],
    });
    close(r);
    await r.clock.advance(16 * MINUTE);
    expect(r.world.calls).toEqual(["stop app"]);
  });

  it("such a WebSocket also after Wakegate was killed meanwhile", async () => {
    const at = Date.UTC(2026, 0, 1) - 30 * MINUTE;
    await using r = await scene({ record: { lastActivity: at, sessionSince: at } });
    r.sockets.push(fromProxy());
    await r.clock.advance(3 * 60 * MINUTE);
    expect(r.world.calls).toEqual([]);
  });

  it("not that WebSocket where /proc cannot be read, which is said", async () => {
    await using r = await scene({ readable: false });
    r.watcher("app").touch(HANDSHAKE);
    await r.clock.advance(15 * MINUTE + 61_000);
    expect(r.world.calls).toEqual(["stop app"]);
    expect(r.watcher("app").insight.why().blindTo[0]).toContain("quiet WebSockets");
  });

  it.each([true, false])("a download of 5 KB/s, two hours long (proc readable: %s)", async (readable) => {
    await using r = await scene({ readable, behaviour: { traffic: 5_000 } });
    r.watcher("app").touch(REQUEST);
    r.sockets.push(fromProxy());
    await r.clock.advance(120 * MINUTE);
    expect(r.world.calls).toEqual([]);
    expect(r.watcher("app").insight.why().fact).toBe("5.0 KB/s, noise is below 1.0 KB/s");
  });

  it("a download that its client has paused: no byte moves, but some wait", async () => {
    await using r = await scene();
    r.watcher("app").touch(REQUEST);
    r.sockets.push(fromProxy(40_000, 2_048));
    await r.clock.advance(60 * MINUTE);
    expect(r.world.calls).toEqual([]);
  });

  it.each([true, false])("an event stream, an upload (proc readable: %s)", async (readable) => {
    await using r = await scene({ readable, behaviour: { traffic: 200 } });
    r.watcher("app").touch({ ...HANDSHAKE, path: "/events" });
    r.sockets.push(fromProxy());
    await r.clock.advance(60 * MINUTE);
    r.world.behaviour.set("app", { traffic: 80_000 });
    await r.clock.advance(60 * MINUTE);
    expect(r.world.calls).toEqual([]);
  });

  it("work without a client, by its CPU time", async () => {
    await using r = await scene({ behaviour: { cores: 0.6 } });
    await r.clock.advance(60 * MINUTE);
    expect(r.world.calls).toEqual([]);
    r.world.behaviour.set("app", { cores: 0.02 });
    await r.clock.advance(31 * MINUTE);
    expect(r.world.calls).toEqual(["stop app"]);
  });

  it("a container that speaks to it directly, by its name", async () => {
    await using r = await scene();
    r.sockets.push({ from: "172.18.0.3", port: 80 });
    await r.clock.advance(3 * 60 * MINUTE);
    const why = r.watcher("app").insight.why();
    expect(why.notSlept).toMatchObject({
      text: "Not slept for 3 h: kept awake by sonarr, 1 open connection from sonarr",
      suggestion: { key: "activity.ignore_peers", value: ["sonarr"] },
    });
    expect(r.log.of("last_look").length).toBeGreaterThan(5);
  });
});

describe("what is not in use sleeps", () => {
  it("an app that only answers a proxy's health checks", async () => {
    await using r = await scene({ behaviour: { traffic: 40 } });
    r.sockets.push(fromProxy());
    await r.clock.advance(15 * MINUTE + 31_000);
    expect(r.world.calls).toEqual(["stop app"]);
  });

  it("an app that only a proxy's idle pool is connected to", async () => {
    await using r = await scene();
    r.watcher("app").touch(REQUEST);
    r.sockets.push(fromProxy(1), fromProxy(2), fromProxy(3));
    await r.clock.advance(15 * MINUTE + 31_000);
    expect(r.world.calls).toEqual(["stop app"]);
  });

  it("an app whose WebSocket is closed, while the proxy goes on checking its health", async () => {
    await using r = await scene({
      behaviour: { traffic: 40 },
      record: { noise: { bytesPerSecond: 45, proxied: 1 } },
    });
    r.sockets.push(fromProxy(1), fromProxy(2));
    r.watcher("app").touch(HANDSHAKE);
    await r.clock.advance(60 * MINUTE);
    expect(r.world.calls).toEqual([]);
    close(r, 1);
    await r.clock.advance(16 * MINUTE);
    expect(r.world.calls).toEqual(["stop app"]);
  });

  it("learns that noise by itself", async () => {
    await using r = await scene({ behaviour: { traffic: 40 }, own: { "wakegate.dry_run": "true" } });
    r.sockets.push(fromProxy());
    await r.clock.advance(40 * MINUTE);
    expect(r.store.target("app")?.noise).toEqual({ bytesPerSecond: 40, proxied: 1 });
  });

  it("an app whose only visitor is ignored by rule, or is itself", async () => {
    await using r = await scene({ own: { "wakegate.activity.ignore_peers": "sonarr,10.0.0.0/8" } });
    r.sockets.push(
      { from: "172.18.0.3", port: 80 },
      { from: "10.3.2.1", port: 80 },
      { from: "127.0.0.1", port: 80 },
    );
    await r.clock.advance(15 * MINUTE + 31_000);
    expect(r.world.calls).toEqual(["stop app"]);
  });

  it("believes no process of another machine that has the same id", async () => {
    await using r = await scene();
    r.proc.add(77, "somebody-else", 80).push({ from: "172.18.0.3", port: 80 });
    await r.clock.advance(15 * MINUTE + 31_000);
    expect(r.world.calls).toEqual(["stop app"]);
  });
});
