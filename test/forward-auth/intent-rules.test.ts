import { describe, expect, it } from "vitest";
import { FakeDirectory, FakeTarget, targetSpec } from "../support/fake-target.ts";
import { NAVIGATION, startRig } from "../http/rig.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const KUMA = { "user-agent": "Uptime-Kuma/1.23.11" };

describe("a request that a rule knows", () => {
  it("does not wake a sleeping target, and passes a ready one without being use", async () => {
    const target = new FakeTarget(targetSpec("blog"));
    await using rig = await startRig(new FakeDirectory(target));
    const asleep = await rig.ask({ headers: KUMA });
    expect(asleep).toMatchObject({ status: 503, headers: { "x-wakegate": "napping" } });
    expect(asleep.headers["retry-after"]).toBeDefined();
    expect(target.wakes).toEqual([]);
    target.set({ kind: "ready" });
    expect((await rig.ask({ headers: KUMA })).status).toBe(200);
    expect([target.touches.length, target.uncounted]).toEqual([0, 1]);
    expect((await rig.ask({ headers: { "user-agent": "Mozilla/5.0 Firefox/132.0" } })).status).toBe(200);
    expect(target.touches).toHaveLength(1);
  });

  it("is known by any header that the proxy sends on", async () => {
    const rules = [
      { name: "board", match: { headers: { "x-from": "board*" } }, wakes: false, counts: false },
    ];
    const target = new FakeTarget(targetSpec("blog", { rules }), { kind: "ready" });
    await using rig = await startRig(new FakeDirectory(target));
    await rig.ask({ headers: { "X-From": "Board 2" } });
    await rig.ask();
    expect([target.touches.length, target.uncounted]).toEqual([1, 1]);
  });
});

describe("a HEAD", () => {
  const asleep = { status: 503, headers: { "x-wakegate": "napping" } };

  it("of an unknown client neither wakes nor counts", async () => {
    const target = new FakeTarget(targetSpec("blog"));
    await using rig = await startRig(new FakeDirectory(target));
    expect(await rig.ask({ method: "HEAD" })).toMatchObject(asleep);
    expect(await rig.askNginx({ method: "HEAD", headers: { "user-agent": "curl/8.5.0" } })).toMatchObject(
      asleep,
    );
    expect(target.wakes).toEqual([]);
    target.set({ kind: "ready" });
    expect((await rig.ask({ method: "HEAD" })).status).toBe(200);
    expect([target.touches.length, target.uncounted]).toEqual([0, 1]);
  });

  it("wakes where a browser's script or a backup sends it, and does not count", async () => {
    for (const headers of [{ "sec-fetch-mode": "cors" }, { "user-agent": "rclone/v1.68.0" }]) {
      const target = new FakeTarget(targetSpec("blog"));
      target.onWake = () => target.set({ kind: "ready" });
      await using rig = await startRig(new FakeDirectory(target));
      expect((await rig.ask({ method: "HEAD", headers })).status).toBe(200);
      expect([target.wakes.length, target.touches.length]).toEqual([1, 0]);
    }
  });

  it("wakes where the configuration says so", async () => {
    const rules = [{ name: "head", match: {}, wakes: true, counts: true }];
    const target = new FakeTarget(targetSpec("blog", { rules }));
    target.onWake = () => target.set({ kind: "ready" });
    await using rig = await startRig(new FakeDirectory(target));
    expect((await rig.ask({ method: "HEAD" })).status).toBe(200);
    expect([target.wakes.length, target.touches.length]).toEqual([1, 0]);
  });

  it("that is repeated as GET by a client without a name does not wake either", async () => {
    const target = new FakeTarget(targetSpec("blog"));
    const clock = new VirtualClock();
    await using rig = await startRig(new FakeDirectory(target), { clock });
    // Traefik adds Go's user agent where the client sent none.
    for (const headers of [{}, { "user-agent": "Go-http-client/1.1" }]) {
      expect(await rig.ask({ method: "HEAD", headers })).toMatchObject(asleep);
      expect(await rig.ask({ headers })).toMatchObject(asleep);
      expect(await rig.askNginx({ headers })).toMatchObject(asleep);
    }
    expect(target.wakes).toEqual([]);
    await rig.ask({ headers: NAVIGATION });
    expect(target.wakes).toHaveLength(1);
    target.set({ kind: "asleep" });
    await clock.advance(5_000);
    target.onWake = () => target.set({ kind: "ready" });
    expect((await rig.ask()).status).toBe(200);
  });
});

describe("wake_rate", () => {
  it("answers 503 with Retry-After, and a browser with the page that cannot wake either", async () => {
    const target = new FakeTarget(targetSpec("blog"));
    const wakeRate = { perClient: { count: 1, perMs: 60_000 } };
    await using rig = await startRig(new FakeDirectory(target), { settings: { wakeRate } });
    const from = (client: string) => ({ ...NAVIGATION, "x-forwarded-for": client });
    await rig.ask({ headers: from("203.0.113.1") });
    expect(target.wakes).toHaveLength(1);
    target.set({ kind: "asleep" });
    const again = await rig.ask({
      headers: { "x-forwarded-for": "203.0.113.1", accept: "application/json" },
    });
    expect(again).toMatchObject({ status: 503, headers: { "x-wakegate": "napping" } });
    expect(Number(again.headers["retry-after"])).toBeGreaterThan(50);
    expect(JSON.parse(again.body)).toMatchObject({ error: "too_many_wakes" });
    expect((await rig.ask({ headers: from("203.0.113.1") })).status).toBe(503);
    expect(target.wakes).toHaveLength(1);
    // What the client itself claims in front of the proxy's address changes nothing.
    await rig.ask({ headers: from("198.51.100.9, 203.0.113.1") });
    expect(target.wakes).toHaveLength(1);
    await rig.ask({ headers: from("203.0.113.2") });
    expect(target.wakes).toHaveLength(2);
    expect(rig.logged.filter((line) => line.startsWith("wake_limited"))).toHaveLength(1);
  });

  it("follows a changed configuration", async () => {
    const target = new FakeTarget(targetSpec("blog"));
    await using rig = await startRig(new FakeDirectory(target));
    rig.forwardAuth.reconfigure({
      trustedProxies: ["127.0.0.0/8"],
      unknownHosts: "allow",
      limits: { holdsPerTarget: 1, holds: 1, streams: 1 },
      wakeRate: { perTarget: { count: 1, perMs: 60_000 } },
    });
    await rig.ask({ headers: NAVIGATION });
    target.set({ kind: "asleep" });
    await rig.ask({ headers: NAVIGATION });
    expect(target.wakes).toHaveLength(1);
  });
});
