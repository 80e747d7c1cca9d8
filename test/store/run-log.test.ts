import * as nodeDisk from "node:fs/promises";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { openRunLog, type RunLog } from "../../src/store/run-log.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Place extends AsyncDisposable {
  readonly folder: TempFolder;
  readonly clock: VirtualClock;
  readonly log: RecordingLog;
  /** Another start of Wakegate. */
  open(): Promise<RunLog>;
  text(): Promise<string>;
}

async function place(): Promise<Place> {
  const folder = await tempFolder("runs");
  const clock = new VirtualClock();
  const log = new RecordingLog();
  return {
    folder,
    clock,
    log,
    open: () => openRunLog({ dir: folder.path, clock, log }),
    text: () => readFile(join(folder.path, "runs.json"), "utf8"),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("the record of Wakegate's own runs", () => {
  it("knows of no gap before the first run, nor for a restart", async () => {
    await using the = await place();
    {
      await using first = await the.open();
      await the.clock.advance(3 * HOUR);
      expect(first.gaps()).toEqual([]);
    }
    the.clock.stall(5 * MINUTE);
    await using second = await the.open();
    expect(second.gaps()).toEqual([]);
  });

  it("tells when it was down", async () => {
    await using the = await place();
    const began = the.clock.now();
    {
      await using _first = await the.open();
      await the.clock.advance(HOUR + 3 * MINUTE);
    }
    the.clock.stall(6 * HOUR);
    await using second = await the.open();
    const gap = { from: began + HOUR + 3 * MINUTE, to: began + 7 * HOUR + 3 * MINUTE };
    expect(second.gaps()).toEqual([gap]);
    await the.clock.advance(HOUR);
    expect(second.gaps()).toEqual([gap]);
  });

  it("knows the end of a run that was killed to ten minutes", async () => {
    await using the = await place();
    const began = the.clock.now();
    const killed = await the.open();
    await the.clock.advance(HOUR + 9 * MINUTE);
    const file = await vi.waitFor(async () => {
      const text = await the.text();
      expect(text).toContain(String(began + HOUR));
      return text;
    });
    the.clock.stall(2 * HOUR);
    // The kill: nothing more is written by it.
    await killed[Symbol.asyncDispose]();
    await writeFile(join(the.folder.path, "runs.json"), file);
    await using next = await the.open();
    expect(next.gaps()).toEqual([{ from: began + HOUR, to: began + 3 * HOUR + 9 * MINUTE }]);
  });

  it("takes the sleep of the whole machine for a gap too", async () => {
    await using the = await place();
    const began = the.clock.now();
    await using run = await the.open();
    await the.clock.advance(5 * MINUTE);
    the.clock.stall(8 * HOUR);
    await the.clock.advance(MINUTE);
    expect(run.gaps()).toEqual([{ from: began, to: began + 8 * HOUR + 5 * MINUTE }]);
  });

  it("writes rarely", async () => {
    await using the = await place();
    let writes = 0;
    const rename = async (from: string, to: string): Promise<void> => {
      writes++;
      await nodeDisk.rename(from, to);
    };
    const { clock, log, folder } = the;
    {
      await using _run = await openRunLog({ dir: folder.path, clock, log, disk: { ...nodeDisk, rename } });
      await clock.advance(24 * HOUR);
    }
    // At the start, every ten minutes, at the end.
    expect(writes).toBe(1 + 24 * 6 + 1);
  });

  it("keeps a month, whatever the clock does", async () => {
    await using the = await place();
    {
      await using _run = await the.open();
    }
    the.clock.stall(20 * 24 * HOUR);
    {
      await using _run = await the.open();
    }
    the.clock.stall(20 * 24 * HOUR);
    {
      await using run = await the.open();
      // The first run is over for more than a month.
      expect(run.gaps()).toHaveLength(1);
    }
    the.clock.jump(-3 * HOUR);
    await using run = await the.open();
    for (const { from, to } of run.gaps()) expect(to).toBeGreaterThan(from);
  });

  it("begins anew with a spoilt file, and says once that it cannot write", async () => {
    await using the = await place();
    await writeFile(join(the.folder.path, "runs.json"), '{"version":1,"runs":[[3');
    {
      await using run = await the.open();
      expect(run.gaps()).toEqual([]);
    }
    // A folder stands where the file is written first.
    await mkdir(join(the.folder.path, "runs.json.tmp"));
    {
      await using _run = await the.open();
      await the.clock.advance(HOUR);
    }
    expect(the.log.of("run_log_failed")).toHaveLength(1);
  });
});
