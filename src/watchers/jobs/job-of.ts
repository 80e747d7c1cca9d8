import type { State, Task } from "../state.ts";
import type { Input } from "../input.ts";
import type { Workbench } from "../workbench.ts";
import { afterFailure } from "./after-failure.ts";
import { untilDeeper } from "./deeper.ts";
import { untilIdle } from "./idle.ts";
import { prove } from "./prove.ts";
import { waitForRoom } from "./room.ts";
import { fallAsleep, waitForForeignStop } from "./sleep.ts";
import { callWake, wakeItsDependencies } from "./wake.ts";

/** Work that belongs to a state; its result is the next input. Rejects when aborted. */
export type Job = (signal: AbortSignal) => Promise<Input>;

/** The identity of a state's work: while it stays the same, the work goes on. */
export function taskOf(state: State): Task | undefined {
  if (state.kind === "napping") return state.deeper?.task;
  return state.kind === "missing" ? undefined : state.task;
}

/** The work of a state; undefined where there is nothing to do but to wait for inputs. */
export function jobOf(bench: Workbench, state: State): Job | undefined {
  switch (state.kind) {
    case "waking":
      switch (state.step) {
        case "room":
          return (signal) => waitForRoom(bench, signal);
        case "dependencies":
          return (signal) => wakeItsDependencies(bench, signal);
        case "calling":
          return (signal) => callWake(bench, signal);
      }
    case "starting":
      return (signal) => prove(bench, state, signal);
    case "ready":
      return (signal) => untilIdle(bench, state, signal);
    case "stopping":
      return state.whose === "ours"
        ? (signal) => fallAsleep(bench, state, signal)
        : (signal) => waitForForeignStop(bench, state, signal);
    case "error":
      return (signal) => afterFailure(bench, state, signal);
    case "napping": {
      const { deeper } = state;
      return deeper && ((signal) => untilDeeper(bench, deeper, signal));
    }
    case "missing":
      return undefined;
  }
}
