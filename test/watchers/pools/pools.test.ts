import { describe, expect, it } from "vitest";
import { loadText, settingsOf } from "../../config/support.ts";
import { settle } from "../../support/virtual-clock.ts";
import { BY_REQUEST, compose, labels, rig } from "../world.ts";
import { add, MINUTE, pooled, POOLS, states, story } from "./rig.ts";

describe("a pool", () => {
  it("lets a wake through at once where there is room, as if there were no pool", async () => {
    await using r = await pooled((w) => add(w, "a", "p"));
    r.watcher("a").wake(BY_REQUEST);
    await r.clock.advance(200);
    expect(r.state("a")).toBe("ready");
    expect(story(r, "a")[0]).toBe("starting: Starting a");
    expect(
      r
        .watcher("a")
        .progress()
        .steps.map(({ id }) => id),
    ).toEqual(["starting", "probing"]);
    expect(r.store.target("a")?.wakes?.at(-1)?.phases).not.toHaveProperty("room");
  });

  it("puts the one not used for longest to sleep for the next, and tells who waits how it stands", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b", "c"]) add(w, name, "p");
    });
    r.watcher("a").wake(BY_REQUEST);
    r.watcher("b").wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    r.watcher("a").touch({ kind: "request" });
    await r.clock.advance(30_000);
    r.watcher("c").wake(BY_REQUEST);
    expect(r.watcher("c").progress()).toMatchObject({
      phase: "room",
      room: { before: 0, pools: ["p"], yields: ["b"] },
      steps: [{ id: "room", status: "active" }, { id: "starting" }, { id: "probing" }],
    });
    expect(r.watcher("c").insight.why()).toMatchObject({ fact: "Waits for room in p" });
    expect(r.watcher("b").insight.why()).toMatchObject({ fact: "Makes room for others" });
    expect(r.state("a")).toBe("ready");
    await r.clock.advance(20_000);
    expect(states(r, "a", "b", "c")).toEqual(["ready", "napping", "ready"]);
    expect(story(r, "c").slice(0, 2)).toEqual([
      "waiting_room: c waits for room, it is next",
      "starting: Starting c",
    ]);
    expect(r.store.target("c")?.wakes?.at(-1)?.phases.room).toBeGreaterThan(1_000);
    expect(r.watcher("c").learned().usuallyMs).toBeLessThan(500);
  });

  it("never puts to sleep what is in use, and fails with names when nothing can yield", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b", "c"]) add(w, name, "p", { labels: { "wakegate.room_timeout": "1m" } });
    });
    r.watcher("a").wake(BY_REQUEST);
    r.watcher("b").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    using _lease = r.watcher("a").lease("a download");
    r.watcher("b").orders.pin({ by: "ada" });
    await r.clock.advance(5 * MINUTE);
    r.watcher("c").wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    expect(states(r, "a", "b", "c")).toEqual(["ready", "ready", "error"]);
    expect(r.watcher("c").progress().failure).toMatchObject({
      reason: "no_room",
      withinMs: MINUTE,
      message:
        "There was no room for c within 1 min: pool p has no room (2 of 2 awake): held by a (a download), b (no end, ada).",
    });
    expect(r.world.calls.filter((call) => call.startsWith("stop"))).toEqual([]);
  });

  it("serves who waits as soon as use ends, in their order", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b", "c", "d"]) add(w, name, "p");
    });
    r.watcher("a").wake(BY_REQUEST);
    r.watcher("b").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    const [first, second] = [r.watcher("a").lease("one"), r.watcher("b").lease("two")];
    await r.clock.advance(MINUTE);
    r.watcher("d").wake(BY_REQUEST);
    r.watcher("c").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.watcher("d").progress().room).toMatchObject({ before: 0, yields: [] });
    expect(r.watcher("c").progress().room).toMatchObject({ before: 1 });
    expect(r.registry.pools.queue).toEqual(["d", "c"]);
    first[Symbol.dispose]();
    await r.clock.advance(30_000);
    expect(states(r, "a", "b", "c", "d")).toEqual(["napping", "ready", "waking", "ready"]);
    expect(r.watcher("c").progress().room?.before).toBe(0);
    second[Symbol.dispose]();
    await r.clock.advance(30_000);
    expect(r.state("c")).toBe("ready");
  });

  it("keeps awake what is used while it is about to make room, and asks the next one", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b", "c"]) add(w, name, "p");
    });
    r.watcher("a").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    r.watcher("b").wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    r.watcher("c").wake(BY_REQUEST);
    await r.clock.advance(2_000);
    expect(r.watcher("a").asked.how).toBe("room");
    r.watcher("a").touch({ kind: "request" });
    await r.clock.advance(30_000);
    expect(states(r, "a", "b", "c")).toEqual(["ready", "napping", "ready"]);
    expect(r.watcher("a").asked.how).toBeUndefined();
  });

  it("lets everybody stay when who waited is served or gone", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b", "c"]) add(w, name, "p");
    });
    r.watcher("a").wake(BY_REQUEST);
    r.watcher("b").wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    r.watcher("c").wake(BY_REQUEST);
    await r.clock.advance(500);
    expect(r.watcher("a").asked.how).toBe("room");
    r.world.remove("c");
    await r.clock.advance(MINUTE);
    expect(states(r, "a", "b")).toEqual(["ready", "ready"]);
    expect(r.watcher("a").asked.how).toBeUndefined();
  });

  it("wakes again, in its turn, what was put to sleep for others", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b", "c"]) add(w, name, "p", { behaviour: { startMs: 100, stopMs: 5_000 } });
    });
    r.watcher("a").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    r.watcher("b").wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    r.watcher("c").wake(BY_REQUEST);
    await r.clock.advance(8_000);
    expect(r.state("a")).toBe("stopping");
    using _waiting = r.watcher("a").lease("a held request");
    r.watcher("a").wake(BY_REQUEST);
    await r.clock.advance(30_000);
    expect(states(r, "a", "b", "c")).toEqual(["ready", "napping", "ready"]);
  });
});

describe("a budget", () => {
  it("counts what was declared, then what was measured, then the pool's default", async () => {
    await using r = await rig({
      yaml: POOLS,
      records: { b: { memoryBytes: 2.5 * 2 ** 30 } },
      setUp: (w) => {
        add(w, "a", "ram", { labels: { "wakegate.cost": "512MiB" } });
        add(w, "b", "ram");
        add(w, "c", "ram");
      },
    });
    for (const name of ["a", "b"]) r.watcher(name).wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(states(r, "a", "b")).toEqual(["ready", "ready"]);
    await r.clock.advance(MINUTE);
    r.watcher("c").wake(BY_REQUEST);
    expect(r.watcher("c").progress().room?.yields).toEqual(["b"]);
  });

  it("counts what was declared for one pool in that pool alone", async () => {
    const yaml = "pools: { ram: { budget: 16GiB }, vram: { budget: 8GiB } }\n";
    await using r = await pooled((w) => {
      const labels = { "wakegate.cost": "1GiB", "wakegate.costs.vram": "5GiB" };
      for (const name of ["a", "b"]) add(w, name, "ram,vram", { labels });
      add(w, "c", "ram", { labels });
    }, yaml);
    for (const name of ["a", "c", "b"]) r.watcher(name).wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(states(r, "a", "c", "b")).toEqual(["ready", "ready", "waking"]);
    expect(r.watcher("b").room?.pools).toEqual(["vram"]);
  });

  it("fails at once what costs more than there is, naming both numbers", async () => {
    await using r = await rig({
      yaml: POOLS,
      records: { a: { memoryBytes: 4 * 2 ** 30 } },
      setUp: (w) => add(w, "a", "ram"),
    });
    r.watcher("a").wake(BY_REQUEST);
    await settle();
    expect(r.watcher("a").progress().failure).toMatchObject({
      reason: "no_room",
      message: expect.stringContaining("take 4 GiB of pool ram, which has 3 GiB") as string,
    });
  });

  it("counts what is paused, which keeps its memory, and stops that first; pauses nobody for it", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b", "c", "d"])
        add(w, name, "ram", { labels: { "wakegate.stop_method": "pause" } });
    });
    for (const name of ["a", "b", "c"]) r.watcher(name).wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    r.watcher("c").sleep();
    await r.clock.advance(MINUTE);
    expect(r.watcher("c").state).toMatchObject({ kind: "napping", how: "paused" });
    r.watcher("a").touch({ kind: "request" });
    r.watcher("b").touch({ kind: "request" });
    r.watcher("d").wake(BY_REQUEST);
    await r.clock.advance(10_000);
    expect(r.watcher("c").state).toMatchObject({ kind: "napping", how: "stopped" });
    expect(r.state("d")).toBe("ready");
    await r.clock.advance(MINUTE);
    r.watcher("c").wake(BY_REQUEST);
    await r.clock.advance(30_000);
    expect(r.state("c")).toBe("ready");
    expect(r.world.calls.filter((call) => call.startsWith("pause"))).toEqual(["pause c"]);
  });

  it("counts what is paused also after its wake failed, and stops it for others", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b", "c", "d"])
        add(w, name, "ram", { labels: { "wakegate.stop_method": "pause" } });
    });
    r.watcher("a").wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    r.watcher("a").sleep();
    await r.clock.advance(MINUTE);
    r.world.behaviour.set("a", { stopMs: 1_000, failStart: "no such device" });
    r.watcher("a").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.state("a")).toBe("error");
    for (const name of ["b", "c"]) r.watcher(name).wake(BY_REQUEST);
    await r.clock.advance(1_000);
    const leases = ["b", "c"].map((name) => r.watcher(name).lease("a download"));
    r.watcher("d").wake(BY_REQUEST);
    await settle();
    expect(r.watcher("d").state).toMatchObject({ kind: "waking", step: "room" });
    await r.clock.advance(10_000);
    expect([r.world.get("a").status, r.state("d")]).toEqual(["exited", "ready"]);
    for (const lease of leases) lease[Symbol.dispose]();
  });

  it("stops what still runs after a failed wake of it, though its dependency was what failed next", async () => {
    await using r = await rig({
      yaml: POOLS,
      setUp: (w) => {
        add(w, "app", "p", {
          labels: {
            ...compose("app", "db:service_started:false"),
            "wakegate.readiness.kind": "healthcheck",
            "wakegate.wake_timeout": "2s",
            "wakegate.idle_timeout": "5m",
          },
        });
        add(w, "db", "p", { labels: compose("db") });
      },
    });
    r.world.change("app", { healthcheck: ["never"] }, "health");
    r.watcher("app").wake(BY_REQUEST);
    await r.clock.advance(5_000);
    expect([r.state("app"), r.world.get("app").status]).toEqual(["error", "running"]);
    r.world.behaviour.set("db", { failStart: "no" });
    r.world.dies("db", 1);
    await r.clock.advance(MINUTE);
    r.watcher("app").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.watcher("app").state).toMatchObject({ kind: "error", failure: { reason: "dependency" } });
    await r.clock.advance(6 * MINUTE);
    expect(r.world.get("app").status).toBe("exited");
  });

  it("counts what the engine lists as running before it was looked at", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b", "c"]) add(w, name, "p");
    });
    r.watcher("a").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    const lease = r.watcher("a").lease("a download");
    r.world.goAway();
    await settle();
    r.world.deaf = true;
    r.world.runs("b");
    const answers: (() => void)[] = [];
    r.world.onAnswer = (instance) => new Promise((resolve) => answers.push(() => resolve(instance)));
    r.world.comeBack();
    r.watcher("c").wake(BY_REQUEST);
    await settle();
    expect(r.watcher("c").state).toMatchObject({ kind: "waking", step: "room" });
    expect(r.state("b")).toBe("missing");
    r.world.onAnswer = (instance) => Promise.resolve(instance);
    for (const answer of answers) answer();
    await r.clock.advance(1_000);
    expect(states(r, "a", "b", "c")).toEqual(["ready", "ready", "waking"]);
    lease[Symbol.dispose]();
  });
});

describe("pools and dependencies", () => {
  it("give places to a target and all that it needs at once, or to none of them", async () => {
    await using r = await pooled((w) => {
      add(w, "x", "p");
      add(w, "app", "p", { labels: compose("app", "db:service_started:false") });
      add(w, "db", "p", { labels: compose("db") });
    });
    r.watcher("x").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    const lease = r.watcher("x").lease("a download");
    r.watcher("app").wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    expect(states(r, "app", "db")).toEqual(["waking", "napping"]);
    lease[Symbol.dispose]();
    await r.clock.advance(MINUTE);
    expect(states(r, "x", "app", "db")).toEqual(["napping", "ready", "ready"]);
  });

  it("do not let two that need the same wait for each other", async () => {
    await using r = await pooled((w) => {
      add(w, "one", "p", { labels: compose("one", "db:service_started:false") });
      add(w, "two", "p", { labels: compose("two", "db:service_started:false") });
      add(w, "db", "p", { labels: compose("db") });
    });
    r.watcher("one").wake(BY_REQUEST);
    r.watcher("two").wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    expect(states(r, "one", "two", "db")).toEqual(["napping", "ready", "ready"]);
  });

  it("tell at once that a target with what it needs is more than there is room for", async () => {
    await using r = await pooled((w) => {
      add(w, "app", "p", { labels: compose("app", "db:service_started:false,cache:service_started:false") });
      add(w, "db", "p", { labels: compose("db") });
      add(w, "cache", "p", { labels: compose("cache") });
    });
    r.watcher("app").wake(BY_REQUEST);
    await settle();
    expect(r.watcher("app").progress().failure?.message).toContain("take 3 places of pool p, which has 2");
  });
});

describe("what somebody else starts", () => {
  it("counts and is never refused; nothing new fits until enough of them sleep", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b", "c"]) add(w, name, "p", { running: true });
      add(w, "d", "p");
    });
    await r.clock.advance(MINUTE);
    expect(states(r, "a", "b", "c")).toEqual(["ready", "ready", "ready"]);
    r.watcher("d").wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    expect(r.state("d")).toBe("ready");
    expect(states(r, "a", "b", "c").filter((state) => state === "ready")).toHaveLength(1);
  });

  it("is counted after a restart too: what is awake is all that is remembered", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b"]) add(w, name, "p", { running: true });
      add(w, "c", "p");
    });
    using _lease = r.watcher("a").lease("a download");
    using _other = r.watcher("b").lease("a download");
    r.watcher("c").wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    expect(states(r, "a", "b", "c")).toEqual(["ready", "ready", "waking"]);
  });
});

describe("a reload", () => {
  it("changes limits for those who wait, and puts nobody to sleep without need", async () => {
    await using r = await pooled((w) => {
      for (const name of ["a", "b", "c"]) add(w, name, "p");
    });
    r.watcher("a").wake(BY_REQUEST);
    r.watcher("b").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    using _lease = r.watcher("a").lease("a download");
    using _other = r.watcher("b").lease("a download");
    r.watcher("c").wake(BY_REQUEST);
    await r.clock.advance(MINUTE);
    expect(r.state("c")).toBe("waking");
    const load = async (yaml: string) =>
      settingsOf(await loadText(yaml, { env: { DOCKER_HOST: "unix:///nowhere.sock" } }));
    r.registry.configure(await load("pools: { p: { max_awake: 3 } }"));
    await r.clock.advance(1_000);
    expect(r.state("c")).toBe("ready");
    r.registry.configure(await load("pools: { p: { max_awake: 1 } }"));
    await r.clock.advance(MINUTE);
    expect(states(r, "a", "b", "c")).toEqual(["ready", "ready", "ready"]);
  });
});

describe("targets outside of pools", () => {
  it("wait for nobody", async () => {
    await using r = await pooled((w) => {
      add(w, "a", "p", { labels: { "wakegate.pools": "p" } });
      w.create("free", { labels: labels(), status: "exited", behaviour: { startMs: 100 } });
    });
    r.watcher("free").wake(BY_REQUEST);
    expect(r.watcher("free").state).toMatchObject({ kind: "waking", step: "calling" });
  });
});
