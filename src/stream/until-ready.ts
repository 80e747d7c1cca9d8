import type { Clock } from "../lib/clock.ts";
import { sleep } from "../lib/clock.ts";
import type { Subscribable } from "../lib/emitter.ts";
import { linkSignals } from "../lib/signals.ts";
import type { TargetHandle, WakeCause } from "../watchers/handle.ts";
import type { MayNotWake } from "../watchers/progress.ts";
import { RefusedError } from "./refused.ts";

/** How long a target may be missing, for instance while it is created anew, or asleep without reacting. */
const PATIENCE_MS = 5_000;

/** What a wait for a target needs. */
export interface WaitInput {
  readonly handle: TargetHandle;
  readonly cause: WakeCause;
  readonly clock: Clock;
  /** True when one more wake is within the limits. */
  readonly mayWake: () => boolean;
}

/**
 * Wakes the target if it has to be, and resolves when connections may pass. The watcher bounds the wake.
 *
 * @throws RefusedError with the reason when it will not come; the signal's reason on abort.
 */
export async function untilReady(input: WaitInput, signal: AbortSignal): Promise<void> {
  const { handle, clock, cause } = input;
  const { name } = handle.spec;
  let joined = false;
  for (;;) {
    signal.throwIfAborted();
    const { gate } = handle;
    let patience: number | undefined = PATIENCE_MS;
    switch (gate.kind) {
      case "ready":
        return;
      case "coming":
        // Also a target that is going down: it is woken again when it is down.
        if (!joined) handle.wake(cause);
        joined = true;
        patience = undefined;
        break;
      case "asleep":
        if (gate.mayNotWake)
          throw new RefusedError("held_down", `${name} may not wake: ${why(gate.mayNotWake)}`);
        askFor(input);
        joined = true;
        break;
      case "failed":
        if (gate.until > clock.now()) throw new RefusedError("wake_failed", gate.message);
        askFor(input);
        joined = true;
        break;
      case "missing":
        break;
    }
    if (handle.gate !== gate) continue;
    if (await changedWithin(handle.changed, patience, clock, signal)) continue;
    const message = gate.kind === "missing" ? gate.message : `${name} does not wake`;
    throw new RefusedError(gate.kind === "missing" ? "missing" : "wake_failed", message);
  }
}

function askFor({ handle, cause, mayWake }: WaitInput): void {
  if (!mayWake()) {
    const { name, stream } = handle.spec;
    const limit = `${String(stream.wakesPerMinute)} wakes a minute`;
    throw new RefusedError("wake_limit", `${name} was woken too often (stream.wakes_per_minute: ${limit})`);
  }
  handle.wake(cause);
}

/** False when nothing changed for `ms` (unset: waits on). */
async function changedWithin(
  changed: Subscribable<void>,
  ms: number | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  using wait = linkSignals(signal);
  let seen = false;
  using _ = changed.subscribe(() => {
    seen = true;
    wait.abort(new Error("changed"));
  });
  try {
    await sleep(clock, ms ?? Number.MAX_SAFE_INTEGER, wait.signal);
    return false;
  } catch {
    signal.throwIfAborted();
    return seen;
  }
}

function why(reason: MayNotWake): string {
  switch (reason.kind) {
    case "schedule":
    case "rule":
      return reason.rule;
    case "hold":
      return reason.reason;
    case "start_endpoint":
      return `only ${reason.path} wakes it`;
  }
}
