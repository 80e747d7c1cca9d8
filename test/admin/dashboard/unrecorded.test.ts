import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fleetFigures } from "../../../src/admin/dashboard/fleet.ts";
import { awakeHours } from "../../../src/admin/dashboard/parts/awake-hours.ts";
import { timeline } from "../../../src/admin/dashboard/parts/timeline.ts";
import { rangeOf } from "../../../src/admin/dashboard/range.ts";
import { unrecordedOf } from "../../../src/admin/facts/unrecorded.ts";
import type { TargetFacts } from "../../../src/admin/facts/target-facts.ts";
import { adminRig, labelled } from "../admin-rig.ts";
import { facts, NOW } from "./fixtures.ts";

const HOUR = 3_600_000;
const at = (hoursAgo: number): number => NOW - hoursAgo * HOUR;

/** Known for three days. */
function target(change: Partial<TargetFacts>): TargetFacts {
  return { ...facts("blog", "asleep", "blog.example.com"), since: at(60), lastUseAt: at(72), ...change };
}

describe("hours in which Wakegate did not run", () => {
  it("are unknown but for what ran through them", () => {
    const gap = { from: 100, to: 200 };
    expect(unrecordedOf([gap], [])).toEqual([gap]);
    expect(unrecordedOf([gap], [{ from: 50, to: 300 }])).toEqual([]);
    expect(unrecordedOf([gap], [{ from: 50 }])).toEqual([]);
    expect(unrecordedOf([gap], [{ from: 50, to: 120 }, { from: 150, to: 160 }, { from: 190 }])).toEqual([
      { from: 120, to: 150 },
      { from: 160, to: 190 },
    ]);
    expect(unrecordedOf([gap, { from: 400, to: 500 }], [{ from: 210, to: 390 }])).toHaveLength(2);
  });

  it("are a dashed line, and said", () => {
    const gapped = target({ unrecorded: [{ from: at(30), to: at(24) }] });
    const drawn = timeline(gapped, rangeOf("7d", NOW, "UTC")).text;
    expect(drawn).toMatch(/<path class="base" d="M0\.0 18\.5H[\d.]+M[\d.]+ 18\.5H[\d.]+"\/>/);
    expect(drawn).toMatch(/<path class="base gap" d="M[\d.]+ 18\.5H[\d.]+"\/>/);
    expect(drawn).toContain("Not recorded for 6\u00a0h.");
    const whole = timeline(target({}), rangeOf("7d", NOW, "UTC")).text;
    expect(whole).not.toContain("gap");
    expect(whole).not.toContain("recorded");
    const before = target({ unrecorded: [{ from: at(24 * 20), to: at(24 * 19) }] });
    expect(timeline(before, rangeOf("7d", NOW, "UTC")).text).not.toContain("gap");
  });

  it("are no sleep: neither in a target's share nor in the sum of all", () => {
    const range = rangeOf("7d", NOW, "UTC");
    const awake = [{ from: at(72), to: at(60) }];
    const plain = target({ awake });
    const gapped = target({ awake, unrecorded: [{ from: at(48), to: at(24) }] });
    expect(fleetFigures([plain], range).asleepMs).toBe(60 * HOUR);
    expect(fleetFigures([gapped], range).asleepMs).toBe(36 * HOUR);
    const text = (each: TargetFacts): string =>
      awakeHours(each, { now: NOW, zone: "UTC" } as Parameters<typeof awakeHours>[1]).text;
    expect(text(plain)).toContain("asleep 83\u00a0%<");
    expect(text(gapped)).toContain("asleep 75\u00a0%, 1\u00a0d not recorded<");
    expect(text(gapped).match(/base gap/g)).toHaveLength(2);
  });

  it("come from the record of Wakegate's own runs", async () => {
    const now = Date.now();
    await using rig = await adminRig({
      setUp: (world) => world.create("blog", { labels: labelled() }),
      before: (stateDir) =>
        writeFile(
          join(stateDir, "runs.json"),
          JSON.stringify({ version: 1, runs: [[now - 40 * HOUR, now - 30 * HOUR]] }),
        ),
    });
    const page = await rig.get("/ui/");
    expect(page.body).toContain('class="base gap"');
    expect(page.body).toContain("Not recorded for 1\u00a0d 6\u00a0h.");
  });
});
