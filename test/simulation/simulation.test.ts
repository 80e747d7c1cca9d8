import { beforeAll, describe, expect, it } from "vitest";
import type { Settings } from "../../src/config/model.ts";
import { campaign, type Report } from "./campaign.ts";
import { run } from "./run.ts";
import { generate } from "./schedule/generate.ts";
import { describeSchedule } from "./schedule/describe.ts";
import { loadVariants } from "./settings.ts";
import { shrink } from "./shrink.ts";

/** The same ones everywhere, so that a failure here is one there. More: `npm run simulate`. */
const SEEDS = 2_000;
/** Pairs of state and event that so many seeds have to reach. */
const FLOOR = 165;

let settings: readonly Settings[];

beforeAll(async () => {
  settings = await loadVariants();
});

describe("simulated worlds", () => {
  it("break none of the eleven rules, and reach what can happen", async () => {
    let told = "";
    const report: Report = await campaign({
      settings,
      seeds: Array.from({ length: SEEDS }, (_, index) => index + 1),
      goesOn: () => true,
      onFailure: async (schedule, outcome) => {
        const { only, outcome: least } = await shrink(schedule, outcome, { settings });
        const left = schedule.actions.filter(({ index }) => only.has(index));
        told = `${describeSchedule(schedule, left)}\n${least.trace.lines.slice(-40).join("\n")}`;
        return false;
      },
    });
    expect({ failures: report.failures, told }).toEqual({ failures: [], told: "" });
    expect(report.coverage.reached).toBeGreaterThanOrEqual(FLOOR);
  }, 900_000);

  it("are the same world for the same seed", async () => {
    for (const seed of [3, 36, 128]) {
      const [once, again] = [
        await run(generate(seed), { settings }),
        await run(generate(seed), { settings }),
      ];
      expect(once.trace.lines.length).toBeGreaterThan(50);
      expect(again.trace.hash).toBe(once.trace.hash);
    }
    const [one, other] = [await run(generate(1), { settings }), await run(generate(2), { settings })];
    expect(one.trace.hash).not.toBe(other.trace.hash);
  });
});
