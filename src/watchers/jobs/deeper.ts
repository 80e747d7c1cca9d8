import { sleep } from "../../lib/clock.ts";
import type { Napping } from "../state.ts";
import type { Input } from "../input.ts";
import type { Workbench } from "../workbench.ts";
import { changedOr } from "./changed-or.ts";
import { writeIntent } from "./intent.ts";

/** When the state file cannot be written, or another Wakegate is the one to do it. */
const RETRY_MS = 60_000;

/** The second tier: what is paused is stopped when its time has come. */
export async function untilDeeper(
  bench: Workbench,
  { due, seen }: NonNullable<Napping["deeper"]>,
  signal: AbortSignal,
): Promise<Input> {
  const { clock } = bench.around;
  await sleep(clock, due - clock.monotonic(), signal);
  // A person may have forced it asleep below one that is awake: a paused one is sooner there for it than a stopped one.
  while (bench.around.neededBy().length > 0)
    await changedOr(clock, undefined, bench.activity.changed, signal);
  const { stopMethod } = bench.spec;
  const method = stopMethod === "pause" ? "stop" : stopMethod;
  while ((await writeIntent(bench, seen, method, signal)) !== "written") await sleep(clock, RETRY_MS, signal);
  return { type: "sleep", method };
}
