import { describe, expect, it } from "vitest";
import { endedAgoMs } from "../../src/providers/docker/list.ts";
import { labels, rig } from "./world.ts";

const HOUR = 3_600_000;
/** The start of the rig's clock. */
const START = Date.UTC(2026, 0, 1);

describe("since when a target sleeps", () => {
  const sinceOf = async (asleepSince: number | undefined, endedAboutAt: number | undefined) => {
    await using r = await rig({
      ...(asleepSince !== undefined && { records: { blog: { asleepSince } } }),
      setUp: (world) => {
        const ended = endedAboutAt === undefined ? {} : { endedAboutAt };
        world.create("blog", { labels: labels(), status: "exited", ...ended });
      },
    });
    const { state } = r.watcher("blog");
    return state.kind === "napping" ? state.since : state.kind;
  };

  it("survives a restart of Wakegate", async () => {
    expect(await sinceOf(START - 5 * HOUR, undefined)).toBe(START - 5 * HOUR);
  });

  it("is what was known, when the engine's rounded time agrees with it", async () => {
    expect(await sinceOf(START - 50 * HOUR, START - 48 * HOUR)).toBe(START - 50 * HOUR);
  });

  it("is the engine's time when the target ran while Wakegate did not", async () => {
    expect(await sinceOf(START - 50 * HOUR, START - HOUR)).toBe(START - HOUR);
  });

  it("is the engine's time when nothing was known", async () => {
    expect(await sinceOf(undefined, START - 3 * HOUR)).toBe(START - 3 * HOUR);
  });
});

describe("endedAgoMs()", () => {
  it.each([
    ["Exited (0) 3 days ago", 72 * HOUR],
    ["Exited (137) About an hour ago", HOUR],
    ["Exited (1) Less than a second ago", 1_000],
    ["Exited (143) 2 weeks ago", 14 * 24 * HOUR],
    ["Exited (-1) About a minute ago", 60_000],
    ["Up 3 hours", undefined],
    ["Created", undefined],
    ["Exited (0) 3 fortnights ago", undefined],
    [undefined, undefined],
  ])("reads %s", (status, expected) => {
    expect(endedAgoMs(status)).toBe(expected);
  });
});
