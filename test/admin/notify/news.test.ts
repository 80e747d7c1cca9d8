import { describe, expect, it } from "vitest";
import type { News } from "../../../src/admin/notify/news.ts";
import { NewsWatch } from "../../../src/admin/notify/watch-news.ts";
import type { Evidence } from "../../../src/admin/ports.ts";
import { settle } from "../../support/virtual-clock.ts";
import { BY_REQUEST, labels, rig, type Rig, type RigOptions } from "../../watchers/world.ts";

const HOUR = 3_600_000;

interface Newsroom extends AsyncDisposable {
  readonly r: Rig;
  readonly told: News[];
  readonly over: string[];
}

async function newsroom(setUp: RigOptions["setUp"], evidence: readonly Evidence[] = []): Promise<Newsroom> {
  const r = await rig({ ...(setUp && { setUp }) });
  const told: News[] = [];
  const over: string[] = [];
  const watch = new NewsWatch({
    ...r,
    engineGraceMs: () => 120_000,
    evidence: () => evidence,
    tell: (news) => told.push(news),
    over: (key) => over.push(key),
  });
  return {
    r,
    told,
    over,
    [Symbol.asyncDispose]: async () => {
      watch[Symbol.dispose]();
      await r[Symbol.asyncDispose]();
    },
  };
}

const events = (told: readonly News[]): readonly string[] => told.map(({ event }) => event);

describe("news", () => {
  it("tells a failed wake, and a crash loop when nothing is tried any more", async () => {
    await using the = await newsroom((w) =>
      w.create("blog", { labels: labels(), status: "exited", behaviour: { failStart: "port is taken" } }),
    );
    const { r, told } = the;
    for (let i = 0; i < 5; i++) {
      r.watcher("blog").wake(BY_REQUEST);
      await r.clock.advance(60_000);
    }
    expect(events(told)).toEqual([...Array<string>(4).fill("wake_failed"), "crash_loop"]);
    expect(told[0]).toMatchObject({ target: "blog", key: "wake_failed blog", title: "blog failed to wake" });
    expect(told[0]?.message).toContain("port is taken");
    expect(told[4]?.message).toContain("5 times in a row");
    r.world.behaviour.set("blog", {});
    r.watcher("blog").retry({ by: "operator" });
    await settle();
    expect(the.over).toContain("wake_failed blog");
  });

  it("tells a stop that fails, with how often it was asked for", async () => {
    await using the = await newsroom((w) =>
      w.create("blog", {
        labels: labels(),
        status: "running",
        behaviour: { failStop: "the engine is full" },
      }),
    );
    await the.r.clock.advance(180_000);
    expect(the.told[0]).toMatchObject({ event: "stop_failed", key: "stop_failed blog" });
    expect(the.told[0]?.message).toContain("asked to stop it once");
    the.r.world.behaviour.set("blog", {});
    await the.r.clock.advance(10 * 60_000);
    expect(the.r.state("blog")).toBe("napping");
    expect(the.over).toContain("stop_failed blog");
  });

  it("tells an engine that is gone for longer than the grace, and that it is back; nothing of a short outage", async () => {
    await using the = await newsroom((w) => w.create("blog", { labels: labels() }));
    const { r, told } = the;
    r.world.goAway("connection refused");
    await r.clock.advance(119_000);
    r.world.comeBack();
    await r.clock.advance(HOUR);
    expect(told).toEqual([]);
    r.world.goAway("connection refused");
    await r.clock.advance(120_000);
    expect(told).toMatchObject([{ event: "engine_gone", engine: "local", tone: "problem" }]);
    expect(told[0]?.message).toContain("connection refused");
    await r.clock.advance(HOUR);
    r.world.comeBack();
    expect(told[1]).toMatchObject({
      event: "engine_back",
      tone: "good",
      message: "It was away for 1 h 2 min.",
    });
    expect(told).toHaveLength(2);
  });

  it("tells what has not slept for seven days and what keeps it awake, and nothing of what is meant to be", async () => {
    const evidence = [
      { source: "connections", label: "Open connections", holding: true, detail: "1 from 10.0.0.7" },
      { source: "network", label: "Network", holding: false, detail: "quiet" },
    ];
    await using the = await newsroom((w) => {
      for (const name of ["busy", "pinned", "used"]) w.create(name, { labels: labels(), status: "running" });
      w.create("never", { labels: labels({ "wakegate.idle_timeout": "never" }), status: "running" });
    }, evidence);
    const { r, told } = the;
    await settle();
    using _ = r.watcher("busy").lease("a download");
    r.watcher("pinned").orders.pin({});
    await r.clock.advance(7 * 24 * HOUR - HOUR);
    expect(told).toEqual([]);
    expect(r.state("used")).toBe("napping");
    await r.clock.advance(2 * HOUR);
    expect(told.map(({ target }) => target)).toContain("busy");
    expect(new Set(told.map(({ target }) => target))).toEqual(new Set(["busy"]));
    expect(told[0]).toMatchObject({
      event: "never_slept",
      title: "busy has not slept for 7 days",
      message: "What keeps it awake: Open connections: 1 from 10.0.0.7. wakegate why busy tells more.",
    });
  });
});
