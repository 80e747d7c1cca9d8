import { describe, expect, it } from "vitest";
import type { Exit } from "../../src/providers/provider.ts";
import { settle } from "../support/virtual-clock.ts";
import { BY_REQUEST, compose, labels, rig, type Rig } from "./world.ts";

/** It runs, and its health command never succeeds. */
const SILENT = {
  status: "exited",
  healthcheck: ["healthy"],
  behaviour: { exec: { exitCode: 1, output: "" } },
} as const;

const CRASHES = labels({ "wakegate.readiness.kind": "healthcheck", "wakegate.wake_timeout": "2s" });

/** One minute of a crash loop: it runs for a while, dies, and waits for its restart policy. */
async function crash({ world, clock }: Rig): Promise<void> {
  await clock.advance(500);
  world.change("blog", { status: "restarting" }, "died");
  await clock.advance(59_500);
  if (world.get("blog").status === "restarting") world.runs("blog");
}

const NEVER_HEALTHY = labels({ "wakegate.readiness.kind": "healthcheck", "wakegate.wake_timeout": "3m" });

function exitOf({ clock }: Rig): Exit {
  return { code: 5, oomKilled: false, at: clock.now() };
}

/** Its restart policy begins the run of this number. */
function restarts(r: Rig, restartCount: number): void {
  r.world.change("blog", { status: "restarting", exit: exitOf(r), restartCount: restartCount - 1 }, "died");
  r.world.change("blog", { restartCount }, "started");
  r.world.runs("blog");
}

describe("a failed wake", () => {
  it("says what the engine said, cools down, and is retried by the next request", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", { labels: labels(), status: "exited", behaviour: { failStart: "port is taken" } }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.watcher("blog").gate).toMatchObject({ kind: "failed", until: r.clock.now() + 1_000 });
    expect(r.watcher("blog").progress().failure).toMatchObject({ reason: "start_failed", tries: 1 });
    expect(r.watcher("blog").progress().failure?.message).toContain("port is taken");
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.world.calls).toEqual(["start blog"]);
    r.world.behaviour.set("blog", {});
    await r.clock.advance(1_000);
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.state("blog")).toBe("ready");
  });

  it("cools down for 1, 2, 4 seconds and so on, at most a minute", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { labels: labels(), status: "exited", behaviour: { failStart: "no" } }),
    });
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      r.watcher("blog").wake(BY_REQUEST);
      await settle();
      const { gate } = r.watcher("blog");
      const wait = gate.kind === "failed" ? gate.until - r.clock.now() : -1;
      waits.push(wait);
      await r.clock.advance(wait);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((s) => s * 1_000));
  });

  it("is none for want of a second look: what was seen right after the start call counts", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "exited" }) });
    r.world.deaf = true;
    const seenRunningWhile: string[] = [];
    r.world.onAnswer = (instance) => {
      if (instance?.status === "running") seenRunningWhile.push(r.state("blog"));
      return Promise.resolve(instance);
    };
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.state("blog")).toBe("ready");
    expect(seenRunningWhile.slice(0, 2)).toEqual(["waking", "starting"]);
  });

  it("whose start comes after all is not started again by the wake that waited for it", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", {
          labels: labels({ "wakegate.wake_timeout": "5s", "wakegate.foreign_stop_grace": "1s" }),
          status: "exited",
          behaviour: { answerMs: 20_000 },
        }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.state("blog")).toBe("ready");
    r.world.dies("blog", 1);
    await settle();
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.watcher("blog").state).toMatchObject({ kind: "waking", step: "calling" });
    r.world.deaf = true;
    r.world.runs("blog");
    await r.clock.advance(30_000);
    expect(r.world.calls).toEqual(["start blog"]);
    expect(r.state("blog")).toBe("ready");
  });

  it("is tried again by itself only for an open page, and not for ever", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { labels: labels(), status: "exited", behaviour: { failStart: "no" } }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(60_000);
    expect(r.world.calls.length).toBe(1);
    using _ = r.watcher("blog").follow();
    await r.clock.advance(60 * 60_000);
    expect(r.world.calls.length).toBe(5);
    expect(r.watcher("blog").progress().failure).toMatchObject({ final: true, tries: 5 });
  });

  it("is cleared by an explicit retry at once", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { labels: labels(), status: "exited", behaviour: { failStart: "no" } }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    r.world.behaviour.set("blog", {});
    r.watcher("blog").retry({ by: "retry" });
    await settle();
    expect(r.state("blog")).toBe("ready");
  });

  it("tells exit code and last words when the app dies while it starts", async () => {
    const never = { ...labels(), "wakegate.readiness.kind": "http", "wakegate.port": "1" };
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", {
          labels: never,
          status: "exited",
          networks: [{ name: "n", address: "127.0.0.1" }],
          behaviour: { dies: { afterMs: 700, code: 3 } },
        }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    expect(r.watcher("blog").progress().failure).toMatchObject({
      reason: "exited",
      exitCode: 3,
      log: ["last words of blog"],
    });
  });

  it("is told without the last words where the engine does not give them", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", {
          labels: labels({ "wakegate.readiness.kind": "healthcheck" }),
          ...SILENT,
          behaviour: { ...SILENT.behaviour, dies: { afterMs: 500, code: 3 } },
        }),
    });
    r.world.logs = (_id, _limit, signal) =>
      new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error)));
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(3_000);
    expect(r.watcher("blog").progress().failure).toMatchObject({ reason: "exited", exitCode: 3 });
  });

  it("tells how the last run ended when a restart policy has just begun another one in vain", async () => {
    const never = {
      ...labels({ "wakegate.wake_timeout": "5s" }),
      "wakegate.readiness.kind": "http",
      "wakegate.port": "1",
    };
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", {
          labels: never,
          status: "exited",
          networks: [{ name: "n", address: "127.0.0.1" }],
          restartPolicy: "always",
        }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(1_000);
    const exit = { code: 5, oomKilled: false, at: r.clock.now() };
    r.world.change("blog", { status: "restarting", exit }, "died");
    await r.clock.advance(1_000);
    r.world.runs("blog");
    await r.clock.advance(10_000);
    expect(r.watcher("blog").progress().failure).toMatchObject({ reason: "exited", exitCode: 5 });
  });

  it.each(["unless-stopped", "on-failure"] as const)(
    "ends at the second exit under restart: %s, long before the wake timeout, with exit code and last words",
    async (restartPolicy) => {
      await using r = await rig({
        setUp: (w) => w.create("blog", { ...SILENT, labels: NEVER_HEALTHY, restartPolicy, restartCount: 0 }),
      });
      r.watcher("blog").wake(BY_REQUEST);
      await r.clock.advance(500);
      restarts(r, 1);
      await r.clock.advance(500);
      expect(r.state("blog")).toBe("starting");
      r.world.change("blog", { status: "restarting", exit: exitOf(r), restartCount: 1 }, "died");
      await r.clock.advance(100);
      expect(r.watcher("blog").progress().failure).toMatchObject({
        reason: "exited",
        exitCode: 5,
        message: "blog stopped while starting, 2 times in a row (exit code 5).",
        log: ["last words of blog"],
      });
    },
  );

  it("ends at the second exit also where the engine does not count and both runs were over before a look", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { ...SILENT, labels: NEVER_HEALTHY, restartPolicy: "always" }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(500);
    r.world.runs("blog");
    await r.clock.advance(500);
    expect(r.state("blog")).toBe("starting");
    r.world.runs("blog");
    await r.clock.advance(500);
    expect(r.watcher("blog").progress().failure).toMatchObject({ reason: "exited" });
  });

  it("is none when restarts of an earlier life are all that the engine counts", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", {
          ...SILENT,
          status: "running",
          labels: NEVER_HEALTHY,
          restartPolicy: "always",
          restartCount: 7,
        }),
    });
    await r.clock.advance(5_000);
    expect(r.state("blog")).toBe("starting");
    restarts(r, 8);
    await r.clock.advance(1_000);
    expect(r.state("blog")).toBe("starting");
    restarts(r, 9);
    await r.clock.advance(1_000);
    expect(r.state("blog")).toBe("error");
  });

  it("is none when a person starts the container anew again and again", async () => {
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", { ...SILENT, labels: NEVER_HEALTHY, restartPolicy: "always", restartCount: 0 }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    for (let i = 0; i < 3; i++) {
      await r.clock.advance(500);
      r.world.runs("blog");
    }
    await r.clock.advance(500);
    expect(r.state("blog")).toBe("starting");
  });

  it("does not wait for a restart that never comes: exit code 0 under restart: on-failure is the end", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { ...SILENT, labels: NEVER_HEALTHY, restartPolicy: "on-failure" }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(500);
    r.world.dies("blog", 0);
    await r.clock.advance(100);
    expect(r.watcher("blog").progress().failure).toMatchObject({ reason: "exited", exitCode: 0 });
  });

  it("names the networks when there is no way to ask the app", async () => {
    const unreachable = { ...labels(), "wakegate.readiness.kind": "http", "wakegate.port": "80" };
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", {
          labels: unreachable,
          status: "exited",
          networks: [{ name: "blog_default", address: "" }],
        }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await settle();
    expect(r.watcher("blog").progress().failure).toMatchObject({ reason: "no_address" });
    expect(r.watcher("blog").progress().failure?.message).toContain(
      "share no network with blog (it has: blog_default)",
    );
  });

  it("leaves what runs without answering to its idle time", async () => {
    const mute = {
      ...labels(),
      "wakegate.readiness.kind": "http",
      "wakegate.port": "1",
      "wakegate.wake_timeout": "5s",
    };
    await using r = await rig({
      setUp: (w) =>
        w.create("blog", { labels: mute, status: "exited", networks: [{ name: "n", address: "127.0.0.1" }] }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    for (let i = 0; i < 200 && r.state("blog") !== "error"; i++) await r.clock.advance(50);
    expect(r.watcher("blog").progress().failure).toMatchObject({
      reason: "no_listener",
      withinMs: 5_000,
      message: expect.stringContaining(
        "nothing listens on its port 1 (from label wakegate.port) at 127.0.0.1:1.",
      ),
    });
    await r.clock.advance(62_000);
    expect(r.world.calls).toEqual(["start blog", "stop blog"]);
  });

  it("leaves what runs without answering to those who need it or use it all the same", async () => {
    await using r = await rig({
      setUp: (w) => {
        const labelled = { ...labels({ "wakegate.wake_timeout": "5s" }), ...compose("db") };
        w.create("db", { ...SILENT, labels: { ...labelled, "wakegate.readiness.kind": "healthcheck" } });
        w.create("app", {
          labels: { ...labels(), ...compose("app", "db:service_started:false") },
          status: "exited",
        });
      },
    });
    const lease = r.watcher("app").lease("somebody");
    r.watcher("app").wake(BY_REQUEST);
    await r.clock.advance(6_000);
    expect([r.state("app"), r.state("db")]).toEqual(["ready", "error"]);
    await r.clock.advance(5 * 60_000);
    expect(r.world.calls).toEqual(["start db", "start app"]);
    lease[Symbol.dispose]();
    await r.clock.advance(3 * 60_000);
    expect(r.world.calls).toEqual(["start db", "start app", "stop app", "stop db"]);
  });

  it("puts an app to sleep that its engine restarts again and again", async () => {
    await using r = await rig({
      env: { WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "15m" },
      setUp: (w) =>
        w.create("blog", { ...SILENT, labels: CRASHES, restartPolicy: "always", status: "exited" }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    for (let i = 0; i < 14; i++) await crash(r);
    expect(r.world.calls).toEqual(["start blog"]);
    for (let i = 0; i < 3 && r.state("blog") !== "napping"; i++) await crash(r);
    expect(r.world.calls).toEqual(["start blog", "stop blog"]);
  });

  it("gives an app that a person starts anew its whole idle time, whatever failed before", async () => {
    await using r = await rig({
      env: { WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "15m" },
      setUp: (w) =>
        w.create("blog", { ...SILENT, labels: CRASHES, restartPolicy: "always", status: "exited" }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    for (let i = 0; i < 10; i++) await crash(r);
    const stopped = r.world.stoppedByHand("blog");
    await r.clock.advance(1_000);
    await stopped;
    r.world.runs("blog");
    for (let i = 0; i < 14; i++) await crash(r);
    expect(r.world.calls).toEqual(["start blog"]);
  });

  it("does not stop a dependency that somebody else started and that does not answer", async () => {
    await using r = await rig({
      setUp: (w) => {
        const silent = { ...compose("db"), "wakegate.readiness.kind": "healthcheck" };
        w.create("db", {
          ...SILENT,
          labels: { ...silent, "wakegate.wake_timeout": "5s" },
          status: "running",
        });
        w.create("app", {
          labels: { ...labels(), ...compose("app", "db:service_started:false") },
          status: "exited",
        });
      },
    });
    await r.clock.advance(5 * 60_000);
    expect(r.state("db")).toBe("error");
    expect(r.world.calls).toEqual([]);
  });
});

describe("an engine that does not answer", () => {
  it("keeps the route, says why, and knows everything again when it is back", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "exited" }) });
    r.world.goAway("connection refused");
    await settle();
    expect(r.watcher("blog").gate).toEqual({ kind: "missing", why: "away", message: "connection refused" });
    r.world.comeBack();
    await settle();
    expect(r.watcher("blog").gate).toEqual({ kind: "asleep" });
  });

  it("does not take the way from an app that is ready, and puts nothing to sleep meanwhile", async () => {
    await using r = await rig({ setUp: (w) => w.create("blog", { labels: labels(), status: "running" }) });
    r.world.goAway();
    await r.clock.advance(30 * 60_000);
    expect(r.state("blog")).toBe("ready");
    expect(r.world.calls).toEqual([]);
  });

  it("fails a wake under way with that reason", async () => {
    await using r = await rig({
      setUp: (w) => w.create("blog", { labels: labels(), status: "exited", behaviour: { startMs: 5_000 } }),
    });
    r.watcher("blog").wake(BY_REQUEST);
    await r.clock.advance(100);
    r.world.goAway("gone");
    await r.clock.advance(5_000);
    expect(r.watcher("blog").progress().failure).toMatchObject({ reason: "engine_away" });
  });
});
