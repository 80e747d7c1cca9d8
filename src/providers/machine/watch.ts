import { messageOf } from "../../errors.ts";
import { backoffMs } from "../../lib/backoff.ts";
import { sleep, type Clock } from "../../lib/clock.ts";
import type { Subscribable } from "../../lib/emitter.ts";
import { linkSignals } from "../../lib/signals.ts";
import type { MachineCadence } from "../../config/model/machine.ts";
import { ProviderError, type EngineChange, type EngineSink, type Instance } from "../provider.ts";

/** One machine as the watch sees it. */
export interface Watched {
  readonly clock: Clock;
  readonly engine: string;
  readonly cadence: MachineCadence;
  readonly changes: Subscribable<EngineChange>;
  /** Looks, and tells by `changes` what is new. */
  look(signal: AbortSignal): Promise<boolean>;
  instance(): Instance;
}

const FIRST_RETRY_MS = 1_000;

/** Looks as seldom as the settings say, and tells what our own acts changed at once; see `Provider.watch`. */
export async function watch(watched: Watched, sink: EngineSink, signal: AbortSignal): Promise<void> {
  const { clock, cadence, changes, engine } = watched;
  let listed = false;
  let away = false;
  let failures = 0;
  using _telling = changes.subscribe((change) => {
    if (listed && !signal.aborted) sink.changed(change);
  });
  while (!signal.aborted) {
    try {
      const on = await watched.look(signal);
      if (!listed) sink.listed({ instances: [watched.instance()] });
      [listed, away, failures] = [true, false, 0];
      await pause(watched, on ? cadence.awakeMs : cadence.asleepMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      listed = false;
      if (!away) {
        away = true;
        const known = error instanceof ProviderError;
        sink.away(
          known ? error : new ProviderError("engine_failed", engine, messageOf(error), { cause: error }),
        );
      }
      const retry = { firstMs: Math.min(FIRST_RETRY_MS, cadence.asleepMs), maxMs: cadence.asleepMs };
      await sleep(clock, backoffMs(failures++, retry), signal).catch(() => undefined);
    }
  }
}

/** Until the next look, or until the machine was switched: awake and asleep have their own intervals. */
async function pause({ clock, changes }: Watched, ms: number, signal: AbortSignal): Promise<void> {
  using wait = linkSignals(signal);
  using _ = changes.subscribe(({ cause }) => {
    if (cause === "started" || cause === "died") wait.abort(new Error("it was switched"));
  });
  await sleep(clock, ms, wait.signal).catch(() => undefined);
}
