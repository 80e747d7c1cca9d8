import { expect, it } from "vitest";
import { suite } from "../../support/require.ts";
import { engineOfFile } from "../support/stage.ts";
import { eventually, followEngine, isOpen } from "../support/visit.ts";
import { faultRig } from "./rig.ts";

suite("docker", "a faulty proxy before the engine's socket", () => {
  const engine = engineOfFile();

  it("that lets answers trickle: the app is woken, used and put to sleep as ever", async () => {
    await using r = await faultRig(await engine());
    using events = await followEngine(r.docker);
    r.socket.slow();
    await r.make("trickle", { labels: { idle_timeout: "1s" } });
    expect(await r.visit("trickle")).toMatchObject({ status: 200, app: "trickle" });
    await r.wakegate.until("sleep_started", "trickle");
    await events.until("die", "trickle");
    expect(await r.visit("trickle")).toMatchObject({ status: 200, app: "trickle" });
    expect(events.times("start", "trickle")).toHaveLength(2);
    expect(r.wakegate.log().filter(({ event }) => event === "engine_away")).toEqual([]);
  });

  it("that resets inside JSON: one start, and the app answers in the end", async () => {
    await using r = await faultRig(await engine());
    using events = await followEngine(r.docker);
    await r.make("torn");
    r.socket.tear(4);
    await eventually("the app", async () => (await r.visit("torn")).status === 200);
    expect(r.socket.torn).toBeGreaterThan(0);
    expect(events.times("start", "torn")).toHaveLength(1);
    // Nothing is left of it: the next visit is a pass.
    r.socket.heal();
    expect(await r.visit("torn")).toMatchObject({ status: 200, app: "torn" });
  });

  it("that stalls: what is awake passes, what sleeps is held, and nothing is started twice", async () => {
    await using r = await faultRig(await engine());
    using events = await followEngine(r.docker);
    await r.make("awake");
    await r.make("asleep");
    const before = await r.visit("awake");
    r.socket.stall();
    expect(await r.visit("awake")).toMatchObject({ status: 200, run: before.run });
    const held = [r.visit("asleep"), r.visit("asleep"), r.visit("asleep")];
    await r.wakegate.until("wake_started", "asleep");
    expect(await r.visit("awake")).toMatchObject({ status: 200, run: before.run });
    expect(await isOpen(held[0] ?? Promise.resolve())).toBe(true);
    r.socket.heal();
    for (const visited of await Promise.all(held))
      expect(visited).toMatchObject({ status: 200, app: "asleep" });
    expect(events.times("start", "asleep")).toHaveLength(1);
  });

  it("that keeps a dead event stream open: the silence after our own doing gives it away", async () => {
    await using r = await faultRig(await engine());
    await r.make("seen");
    await r.make("unseen");
    await r.visit("unseen");
    r.socket.deafen();
    await r.docker.stop("unseen", 0);
    // Wakes by calls of their own, which are served; that their start is never told is the sign.
    expect(await r.visit("seen")).toMatchObject({ status: 200, app: "seen" });
    await r.wakegate.until("foreign_stop", "unseen");
    const lost = r.wakegate.log().find(({ msg }) => msg === "event stream lost");
    expect(lost?.["reason"]).toContain("says nothing of what was done");
    expect(await r.visit("unseen")).toMatchObject({ status: 200, app: "unseen" });
  });

  it("that repeats events ten thousand times: others are answered, and the truth is found", async () => {
    await using r = await faultRig(await engine());
    using events = await followEngine(r.docker);
    const names = ["one", "two", "three", "four"];
    for (const name of names) await r.make(name);
    await r.visit("one");
    const told = events.all.filter(({ Action }) => Action === "create" || Action === "start");
    expect(told).toHaveLength(5);
    r.socket.repeat(
      told.map((event) => JSON.stringify(event)),
      2_000,
    );
    const visits = await Promise.all(names.map((name) => r.visit(name)));
    expect(visits.map(({ status, app }) => [status, app])).toEqual(names.map((name) => [200, name]));
    await r.docker.stop("one", 0);
    await r.wakegate.until("foreign_stop", "one");
    expect(await r.visit("one")).toMatchObject({ status: 200, app: "one" });
    expect(events.lines("start").toSorted()).toEqual(
      ["one", "one", "two", "three", "four"].map((name) => `start ${name}`).toSorted(),
    );
  });
});
