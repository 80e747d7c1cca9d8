import * as nodeDisk from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { writeAtomically } from "./atomic-write.ts";
import type { Disk } from "./disk.ts";

/** A stretch of wall time, in ms. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** When Wakegate itself ran, so that hours in which it did not are not taken for its targets' sleep. */
export interface RunLog extends AsyncDisposable {
  /** Stretches between its runs, oldest first, none shorter than a quarter of an hour. Before the first run: none. */
  gaps(): readonly Stretch[];
}

/** What it is opened with. */
export interface RunLogOptions {
  /** Absolute path of the state folder; it exists. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: the machine's own. */
  readonly disk?: Disk;
}

/** How often it is written down that we still run: a kill is told from a sleep of so long at most. */
const BEAT_MS = 10 * 60_000;
/** A restart, or a kill between two beats, is no gap. */
const SHORTEST_GAP_MS = 15 * 60_000;
/** As long as awake hours are kept. */
const KEPT_MS = 31 * 24 * 3_600_000;
const FILE = "runs.json";

/** Opens `runs.json` in the state folder. What cannot be read begins anew; what cannot be written is said once. */
export async function openRunLog({ dir, clock, log, disk = nodeDisk }: RunLogOptions): Promise<RunLog> {
  const path = join(dir, FILE);
  const runs = new Runs(await read(disk, path));
  runs.seen(clock.now());
  let failed = false;
  let writing: Promise<void> = Promise.resolve();
  const write = (): void => {
    writing = writing
      .then(() => writeAtomically(disk, path, `${JSON.stringify({ version: 1, runs: runs.all })}\n`))
      .then(
        () => void (failed = false),
        (error: unknown) => {
          if (!failed) {
            const message = `${path} cannot be written: ${messageOf(error)}. After a restart the hours in between look like sleep.`;
            log.warn("run_log_failed", message, { path });
          }
          failed = true;
        },
      );
  };
  const beat = (): Disposable =>
    clock.after(BEAT_MS, () => {
      runs.seen(clock.now());
      write();
      timer = beat();
    });
  // Not waited for: nobody's start depends on it.
  write();
  let timer = beat();
  return {
    gaps: () => runs.gaps(clock.now()),
    async [Symbol.asyncDispose]() {
      timer[Symbol.dispose]();
      runs.seen(clock.now());
      write();
      await writing;
    },
  };
}

type Run = readonly [from: number, to: number];

/** Runs in order; the last one is this one. */
class Runs {
  #runs: readonly Run[];

  constructor(runs: readonly Run[]) {
    this.#runs = runs;
  }

  get all(): readonly Run[] {
    return this.#runs;
  }

  /** Notes that we run now. A machine that slept meanwhile makes a gap like any other. */
  seen(now: number): void {
    const last = this.#runs.at(-1);
    const kept = this.#runs.filter(([, to]) => now - to < KEPT_MS);
    const goesOn = last !== undefined && now - last[1] < SHORTEST_GAP_MS;
    // A clock that was set back must not make a run end before it began.
    this.#runs = goesOn
      ? [...this.#runs.slice(0, -1).filter(([, to]) => now - to < KEPT_MS), [last[0], Math.max(last[1], now)]]
      : [...kept, [now, now]];
  }

  gaps(now: number): readonly Stretch[] {
    this.seen(now);
    return this.#runs.slice(1).map(([to], index) => ({ from: this.#runs[index]?.[1] ?? to, to }));
  }
}

const moment = z.number().int().nonnegative();
const file = z.object({ version: z.literal(1), runs: z.array(z.tuple([moment, moment])) });

async function read(disk: Disk, path: string): Promise<readonly Run[]> {
  try {
    return file.parse(JSON.parse(await disk.readFile(path, "utf8"))).runs;
  } catch {
    // None yet, or spoilt: nothing depends on it but how a picture is drawn.
    return [];
  }
}
