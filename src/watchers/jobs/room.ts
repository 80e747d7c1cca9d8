import { DeadlineError, deadline } from "../../lib/signals.ts";
import { WakeFailedError } from "../failure.ts";
import type { Input } from "../input.ts";
import { span } from "../say.ts";
import type { Workbench } from "../workbench.ts";
import { wakeFailed } from "./wake.ts";

/** Waits until there is room in the pools of the target and of all that it needs. */
export async function waitForRoom(bench: Workbench, signal: AbortSignal): Promise<Input> {
  const { around, spec } = bench;
  using limit = deadline(around.clock, spec.roomTimeoutMs, `room for ${spec.name}`, signal);
  try {
    return { type: "room", waited: await around.room.take(bench.onRoom.bind(bench), limit.signal) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DeadlineError)) return wakeFailed(bench, error);
    const message = `There was no room for ${spec.name} within ${span(spec.roomTimeoutMs)}: ${around.room.whyFull()}`;
    return wakeFailed(bench, new WakeFailedError("no_room", message, { withinMs: spec.roomTimeoutMs }));
  }
}
