import { describe, expect, it, vi } from "vitest";
import { sleep } from "../../src/lib/clock.ts";
import type { FakeWorld } from "../support/fake-world.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { settle } from "../support/virtual-clock.ts";
import { BY_REQUEST, compose, labels, rig } from "./world.ts";

const MINUTE = 60_000;

/** app → db (healthy), cache (started), migrate (completed); nobody labelled the last three. */
function stack(world: FakeWorld, status: "exited" | "running" = "exited"): void {
  const needs =
    "db:service_healthy:false,cache:service_started:false,migrate:service_completed_successfully:false";
  world.create("shop-app-1", { labels: { ...labels(), ...compose("app", needs) }, status });
  world.create("shop-db-1", { labels: compose("db"), status, behaviour: { startMs: 300 } });
  world.create("shop-cache-1", { labels: compose("cache"), status, behaviour: { startMs: 200 } });
  world.create("shop-migrate-1", {
    labels: compose("migrate", "db:service_healthy:false"),
    status: "exited",
    exit: { code: 1, oomKilled: false, at: 0 },
    behaviour: { startMs: 50, dies: { afterMs: 100, code: 0 } },
  });
}

describe("dependencies", () => {
  it("wake before the app, independent ones at once, a one-shot to its end", async () => {
    await using r = await rig({ setUp: (w) => stack(w) });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await r.clock.advance(100);
    expect(r.world.calls.toSorted()).toEqual(["start shop-cache-1", "start shop-db-1"]);
    await r.clock.advance(250);
    expect(r.world.calls.at(-1)).toBe("start shop-migrate-1");
    expect(r.state("shop-app-1")).toBe("waking");
    await r.clock.advance(200);
    expect(r.world.calls.at(-1)).toBe("start shop-app-1");
    expect(r.state("shop-app-1")).toBe("ready");
    expect(r.watcher("shop-migrate-1").state).toMatchObject({ kind: "napping", how: "completed" });
  });

  it("are written down before they are started, and as ours when they run, whatever the call says", async () => {
    const needs = "db:service_started:false";
    await using r = await rig({
      setUp: (w) => {
        w.create("app", { labels: { ...labels(), ...compose("app", needs) }, status: "exited" });
        w.create("db", {
          labels: compose("db"),
          status: "exited",
          behaviour: { startMs: 300, failStart: "no" },
        });
      },
    });
    r.watcher("app").wake(BY_REQUEST);
    await r.clock.advance(100);
    expect(r.store.target("db")?.startIntent).toEqual({ run: r.world.get("db").runId });
    expect(r.store.flushes).toBe(1);
    // The engine says that it failed, and did it all the same.
    r.world.runs("db");
    await r.clock.advance(300);
    expect(r.store.target("db")?.startIntent).toBeUndefined();
    expect(r.store.target("db")?.startedRun).toBe(r.world.get("db").runId);
    await r.clock.advance(5 * MINUTE);
    expect(r.world.calls.at(-1)).toBe("stop db");
  });

  it("that were removed while their start was written down are not started", async () => {
    const store = new MemoryStore();
    await using r = await rig({
      store,
      setUp: (w) => {
        const needs = compose("app", "db:service_started:false");
        w.create("app", { labels: { ...labels(), ...needs }, status: "exited" });
        w.create("db", { labels: compose("db"), status: "exited" });
      },
    });
    store.flush = () => sleep(r.clock, 100);
    const asked = vi.spyOn(r.world, "wake");
    r.watcher("app").wake(BY_REQUEST);
    await r.clock.advance(50);
    r.world.remove("db");
    await r.clock.advance(1_000);
    expect(asked).not.toHaveBeenCalled();
    expect(r.state("app")).toBe("error");
  });

  it("are woken again when somebody pauses them before they are of use", async () => {
    await using r = await rig({
      setUp: (w) => {
        w.create("app", {
          labels: { ...labels(), ...compose("app", "db:service_healthy:false") },
          status: "exited",
        });
        const readiness = labels({ "wakegate.readiness.kind": "healthcheck" });
        w.create("db", {
          labels: { ...readiness, ...compose("db") },
          status: "exited",
          health: "starting",
          healthcheck: ["true"],
          behaviour: { startMs: 300 },
        });
      },
    });
    r.watcher("app").wake(BY_REQUEST);
    await r.clock.advance(350);
    expect(r.state("db")).toBe("starting");
    r.world.change("db", { status: "paused" }, "paused");
    await r.clock.advance(350);
    expect(r.world.calls).toEqual(["start db", "unpause db"]);
    expect([r.state("db"), r.state("app")]).toEqual(["starting", "waking"]);
  });

  it("are woken again when that pause was told before the answer that says they run", async () => {
    await using r = await rig({
      setUp: (w) => {
        const needs = compose("app", "db:service_healthy:false");
        w.create("app", { labels: { ...labels(), ...needs }, status: "exited" });
        w.create("db", {
          labels: { ...labels(), ...compose("db") },
          status: "exited",
          behaviour: { startMs: 300 },
        });
      },
    });
    const inspect = r.world.inspect.bind(r.world);
    r.watcher("app").wake(BY_REQUEST);
    await settle();
    // What the engine says of the start is true when it is asked, and on its way for long.
    r.world.inspect = async (ref) => {
      const answer = await inspect(ref);
      if (answer?.name === "db" && answer.status === "running") await sleep(r.clock, 2_000);
      return answer;
    };
    await r.clock.advance(1_000);
    r.world.change("db", { status: "paused" }, "paused");
    await r.clock.advance(10_000);
    expect(r.world.calls).toEqual(["start db", "unpause db", "start app"]);
  });

  it("sleep when who needed them is gone, also when only a listing tells", async () => {
    await using r = await rig({
      setUp: (w) => {
        w.create("db", { labels: { ...labels(), ...compose("db") }, status: "running" });
        w.create("app", {
          labels: { ...labels(), ...compose("app", "db:service_started:false") },
          status: "running",
        });
      },
    });
    const lease = r.watcher("app").lease("somebody");
    await r.clock.advance(3 * MINUTE);
    expect(r.world.calls).toEqual([]);
    r.world.deaf = true;
    r.world.remove("app");
    r.world.relist();
    lease[Symbol.dispose]();
    await r.clock.advance(3 * MINUTE);
    expect(r.world.calls).toEqual(["stop db"]);
  });

  it("does not run a completed one-shot again", async () => {
    await using r = await rig({
      setUp: (w) => {
        stack(w);
        w.change("shop-migrate-1", { exit: { code: 0, oomKilled: false, at: 0 } }, "died");
      },
    });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.world.calls).not.toContain("start shop-migrate-1");
    expect(r.state("shop-app-1")).toBe("ready");
  });

  it("tells the page which of them are ready", async () => {
    await using r = await rig({ setUp: (w) => stack(w) });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await r.clock.advance(250);
    const { phase, dependencies, steps } = r.watcher("shop-app-1").progress();
    expect(phase).toBe("dependencies");
    expect(dependencies.map(({ displayName, status }) => `${displayName} ${status}`)).toEqual([
      "db waking",
      "cache ready",
      "migrate waking",
    ]);
    expect(steps[0]).toMatchObject({ id: "dependencies", status: "active", done: 1, of: 3 });
  });

  it("sleep after the app and only those that we started", async () => {
    await using r = await rig({
      setUp: (w) => {
        stack(w);
        w.change("shop-cache-1", { status: "running", runId: "by hand" }, "started");
      },
    });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    await r.clock.advance(3 * MINUTE);
    expect(r.world.calls.slice(-2)).toEqual(["stop shop-app-1", "stop shop-db-1"]);
    expect(r.state("shop-cache-1")).toBe("ready");
    expect(r.watcher("shop-cache-1").insight.why()).toMatchObject({
      fact: "Started outside Wakegate",
      next: { value: "awake", what: "until somebody stops it" },
    });
    // Handed over once, it comes and goes with its app.
    r.watcher("shop-cache-1").sleep();
    await r.clock.advance(MINUTE);
    expect(r.state("shop-cache-1")).toBe("napping");
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await r.clock.advance(4 * MINUTE);
    expect([r.state("shop-app-1"), r.state("shop-cache-1")]).toEqual(["napping", "napping"]);
  });

  it("count as started by us also when the event of the start comes before its answer", async () => {
    await using r = await rig({
      setUp: (w) => {
        stack(w);
        w.behaviour.set("shop-db-1", { startMs: 300, answerMs: 20 });
      },
    });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await r.clock.advance(3 * MINUTE);
    expect(r.world.calls).toContain("stop shop-db-1");
  });

  it("stay awake while another target needs them", async () => {
    await using r = await rig({
      setUp: (w) => {
        stack(w);
        const admin = {
          ...labels({ "wakegate.idle_timeout": "30m" }),
          ...compose("admin", "db:service_started:false"),
        };
        w.create("shop-admin-1", { labels: admin, status: "exited" });
      },
    });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    r.watcher("shop-admin-1").wake(BY_REQUEST);
    await r.clock.advance(5 * MINUTE);
    expect(r.state("shop-app-1")).toBe("napping");
    expect(r.state("shop-db-1")).toBe("ready");
    expect(r.world.calls).not.toContain("stop shop-db-1");
    await r.clock.advance(30 * MINUTE);
    expect(r.state("shop-db-1")).toBe("napping");
  });

  it("stay awake while an unmanaged container needs them", async () => {
    await using r = await rig({
      setUp: (w) => {
        stack(w);
        w.create("shop-worker-1", {
          labels: compose("worker", "db:service_started:false"),
          status: "running",
        });
      },
    });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await r.clock.advance(10 * MINUTE);
    expect(r.world.calls).toContain("stop shop-app-1");
    expect(r.world.calls).not.toContain("stop shop-db-1");
    r.world.dies("shop-worker-1", 0);
    await r.clock.advance(MINUTE);
    expect(r.world.calls).toContain("stop shop-db-1");
  });

  it("stay awake while somebody uses their network", async () => {
    await using r = await rig({
      setUp: (w) => {
        stack(w);
        w.create("sniffer", { status: "running", networkOwner: "shop-db-1" });
      },
    });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await r.clock.advance(10 * MINUTE);
    expect(r.world.calls).not.toContain("stop shop-db-1");
  });

  it("are left alone when they say so", async () => {
    await using r = await rig({
      setUp: (w) => {
        w.create("shop-app-1", {
          labels: { ...labels(), ...compose("app", "db:service_started:false") },
          status: "exited",
        });
        w.create("shop-db-1", { labels: { ...compose("db"), "wakegate.enable": "false" }, status: "exited" });
      },
    });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await r.clock.advance(100);
    expect(r.world.calls).toEqual(["start shop-app-1"]);
  });

  it("that fail end the wake with the reason, and a later request tries both again", async () => {
    await using r = await rig({
      setUp: (w) => {
        stack(w);
        w.behaviour.set("shop-db-1", { failStart: "disk is gone" });
      },
    });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await r.clock.advance(300);
    const { failure } = r.watcher("shop-app-1").progress();
    expect(failure).toMatchObject({ reason: "dependency", dependency: "shop-db-1" });
    expect(failure?.message).toContain("disk is gone");
    r.world.behaviour.set("shop-db-1", {});
    await r.clock.advance(1_000);
    r.watcher("shop-app-1").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.state("shop-app-1")).toBe("ready");
  });

  it("start again together with an app that uses their network", async () => {
    await using r = await rig({
      setUp: (w) => {
        w.create("vpn", { status: "exited" });
        w.create("torrent", { labels: labels(), status: "exited", networkOwner: "vpn" });
      },
    });
    r.watcher("torrent").wake(BY_REQUEST);
    await settle();
    expect(r.world.calls).toEqual(["start vpn", "start torrent"]);
  });

  it("sleep however often unmanaged containers of the same engine come and go", async () => {
    await using r = await rig({
      setUp: (w) => {
        stack(w);
        w.create("busy-neighbour", { status: "exited" });
      },
    });
    r.watcher("shop-app-1").wake(BY_REQUEST);
    for (let i = 0; i < 40; i++) {
      await r.clock.advance(5_000);
      if (i % 2 === 0) r.world.runs("busy-neighbour");
      else r.world.dies("busy-neighbour", 0);
    }
    expect(r.world.calls).toContain("stop shop-app-1");
    expect(r.world.calls).toContain("stop shop-db-1");
  });
});
