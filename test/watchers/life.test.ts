import { describe, expect, it } from "vitest";
import { settle } from "../support/virtual-clock.ts";
import { BY_REQUEST, labels, rig } from "./world.ts";

const MINUTE = 60_000;

describe("a target's life", () => {
  it("sleeps when listed stopped and is woken by a request", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "exited" }) });
    expect(r.watcher("blog").gate).toEqual({ kind: "asleep" });
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.watcher("blog").gate).toEqual({ kind: "ready" });
    expect(r.world.calls).toEqual(["start blog"]);
  });

  it("is started once, however many ask while it wakes", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { labels: labels(), status: "exited", behaviour: { startMs: 500 } }),
    });
    for (let i = 0; i < 200; i++) r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(200);
    for (let i = 0; i < 200; i++) r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(300);
    expect(r.state("blog")).toBe("ready");
    expect(r.world.calls).toEqual(["start blog"]);
  });

  it.each([
    ["created", "start blog"],
    ["dead", "start blog"],
    ["paused", "unpause blog"],
  ] as const)("wakes from %s by '%s'", async (status, call) => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status, runId: "r" }) });
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.state("blog")).toBe("ready");
    expect(r.world.calls).toEqual([call]);
  });

  it("is put to sleep when nobody used it for its idle time", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    expect(r.state("blog")).toBe("ready");
    await r.clock.advance(MINUTE - 1);
    expect(r.world.calls).toEqual([]);
    await r.clock.advance(31_000);
    expect(r.world.calls).toEqual(["stop blog"]);
    expect(r.state("blog")).toBe("napping");
  });

  it.each([
    ["pause", "pause blog", "paused"],
    ["kill", "kill blog", "stopped"],
  ] as const)("sleeps by its method %s", async (method, call, how) => {
    const setUp = labels({ "wakegate.stop_method": method });
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: setUp, status: "running" }) });
    await r.clock.advance(2 * MINUTE);
    expect(r.world.calls).toEqual([call]);
    expect(r.watcher("blog").state).toMatchObject({ kind: "napping", how });
  });

  it("passes its stop signal and grace on to the engine", async () => {
    const own = labels({ "wakegate.stop_signal": "INT", "wakegate.stop_timeout": "7s" });
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: own, status: "running" }) });
    await r.clock.advance(2 * MINUTE);
    expect(r.world.calls).toEqual(["stop blog SIGINT 7000"]);
  });

  it("never sleeps while a lease is held, and its idle time begins at the lease's end", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    const lease = r.watcher("blog").lease("a session");
    await r.clock.advance(10 * MINUTE);
    expect(r.world.calls).toEqual([]);
    lease[Symbol.dispose]();
    await r.clock.advance(MINUTE - 1);
    expect(r.world.calls).toEqual([]);
    await r.clock.advance(31_000);
    expect(r.world.calls).toEqual(["stop blog"]);
  });

  it("stays awake while bytes move, and sleeps when they stop", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { labels: labels(), status: "running", behaviour: { traffic: 5_000 } }),
    });
    await r.clock.advance(20 * MINUTE);
    expect(r.world.calls).toEqual([]);
    r.world.behaviour.set("blog", { traffic: 0 });
    await r.clock.advance(4 * MINUTE);
    expect(r.world.calls).toEqual(["stop blog"]);
  });

  it("gives up a sleep when a request comes during the last look", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    await r.clock.advance(MINUTE + 10_000);
    r.watcher("blog").touch({ kind: "request" });
    await r.clock.advance(MINUTE - 1);
    expect(r.world.calls).toEqual([]);
  });

  it("waits two seconds after a pass that does not count, and no longer", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    await r.clock.advance(MINUTE + 29_500);
    r.watcher("blog").passed();
    await r.clock.advance(1_000);
    expect(r.world.calls).toEqual([]);
    await r.clock.advance(34_000);
    expect(r.world.calls).toEqual(["stop blog"]);
  });

  it("is woken right after a stop that a request came into", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { labels: labels(), status: "running", behaviour: { stopMs: 8_000 } }),
    });
    await r.clock.advance(MINUTE + 31_000);
    expect(r.watcher("blog").gate).toEqual({ kind: "coming", state: "stopping" });
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(8_000);
    expect(r.world.calls).toEqual(["stop blog", "start blog"]);
    expect(r.state("blog")).toBe("ready");
  });

  it("writes a stop down before the engine is asked, and does not sleep when that fails", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    r.store.failing = true;
    await r.clock.advance(5 * MINUTE);
    expect(r.world.calls).toEqual([]);
    expect(r.log.of("state_unwritable")[0]).toContain("disk full");
    r.store.failing = false;
    await r.clock.advance(3 * MINUTE);
    expect(r.world.calls).toEqual(["stop blog"]);
  });

  it("tries a failed stop again, more and more rarely, and uses what runs when somebody asks", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", { labels: labels(), status: "running", behaviour: { failStop: "busy" } }),
    });
    await r.clock.advance(MINUTE + 31_000);
    expect(r.state("blog")).toBe("stopping");
    await r.clock.advance(10_000);
    expect(r.world.calls.length).toBeGreaterThan(2);
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.state("blog")).toBe("ready");
    expect(r.log.of("sleep_failed")[0]).toContain("busy");
  });

  it("lets nobody through while another try of a stop is under way: it is woken when that is over", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", { labels: labels(), status: "running", behaviour: { failStop: "busy" } }),
    });
    await r.clock.advance(MINUTE + 31_000);
    expect(r.world.calls).toEqual(["stop blog"]);
    r.world.behaviour.set("blog", { stopMs: 5_000 });
    await r.clock.advance(3_000);
    expect(r.world.calls).toEqual(["stop blog", "stop blog"]);
    // A Wakegate that is killed now has to know that it is dying.
    expect(r.store.target("blog")?.stopIntent).toMatchObject({ run: r.world.get("blog").runId });
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.watcher("blog").gate).toEqual({ kind: "coming", state: "stopping" });
    await r.clock.advance(5_000);
    expect(r.world.calls.at(-1)).toBe("start blog");
    expect(r.state("blog")).toBe("ready");
  });

  it("does not try a stop again while the engine does not say whose run it would be", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", { labels: labels(), status: "running", behaviour: { failStop: "busy" } }),
    });
    await r.clock.advance(MINUTE + 31_000);
    expect(r.world.calls).toEqual(["stop blog"]);
    r.world.onAnswer = () => Promise.reject(new Error("no answer"));
    r.world.dies("blog", 1);
    r.world.runs("blog");
    await r.clock.advance(10_000);
    expect(r.world.calls).toEqual(["stop blog"]);
    r.world.onAnswer = (instance) => Promise.resolve(instance);
    await r.clock.advance(30_000);
    expect(r.state("blog")).toBe("ready");
    expect(r.world.calls).toEqual(["stop blog"]);
  });

  it("does not try a stop again when somebody uses it by now", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", { labels: labels(), status: "running", behaviour: { failStop: "busy" } }),
    });
    await r.clock.advance(MINUTE + 31_000);
    expect(r.world.calls).toEqual(["stop blog"]);
    r.watcher("blog").orders.lease("backup", "a backup", r.clock.now() + 10 * MINUTE);
    await r.clock.advance(5 * MINUTE);
    expect(r.state("blog")).toBe("ready");
    expect(r.world.calls).toEqual(["stop blog"]);
    expect(r.store.target("blog")?.stopIntent).toBeUndefined();
  });

  it("looks again when the engine does not answer a look", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    const usage = r.world.usage.bind(r.world);
    r.world.usage = (_id, signal) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error)));
    await r.clock.advance(2 * MINUTE);
    r.world.usage = usage;
    await r.clock.advance(3 * MINUTE);
    expect(r.world.calls).toEqual(["stop blog"]);
  });

  it("believes what the look before a sleep is told, where the event was lost", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    r.world.deaf = true;
    r.world.dies("blog", 0);
    await r.clock.advance(MINUTE);
    expect(r.watcher("blog").gate.kind).not.toBe("ready");
    await r.clock.advance(MINUTE);
    expect(r.state("blog")).toBe("napping");
    expect(r.world.calls).toEqual([]);
  });

  it("believes the look, too, that it does not exist any more", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    r.world.deaf = true;
    r.world.remove("blog");
    await r.clock.advance(2 * MINUTE);
    expect(r.state("blog")).toBe("missing");
  });
});
