import { messageOf } from "../../errors.ts";
import { sleep, type Clock } from "../../lib/clock.ts";
import { ProviderError } from "../provider.ts";

/** One way on or off: ask, then look until it is so. */
export interface Switching {
  readonly clock: Clock;
  readonly wanted: boolean;
  isOn(signal: AbortSignal): Promise<boolean>;
  ask(signal: AbortSignal): Promise<void>;
  /** In ms; unset: asked once. */
  readonly repeatMs?: number;
  /** How long it may take after the first asking, in ms. */
  readonly withinMs: number;
  /** How long it may take where the asking failed, in ms. */
  readonly afterFailureMs: number;
  readonly tooLate: (message: string) => ProviderError;
}

const FIRST_LOOK_MS = 100;
const LAST_LOOK_MS = 2_000;

/**
 * Resolves when the machine is as wanted. Being so already is success, and what a look cannot tell on the way is no
 * failure yet.
 *
 * @throws ProviderError of the asking, of the last look, or `engine_timeout`; the signal's reason on abort.
 */
export async function untilSwitched(switching: Switching, signal: AbortSignal): Promise<void> {
  const { clock, wanted, repeatMs, withinMs, afterFailureMs } = switching;
  if ((await switching.isOn(signal)) === wanted) return;
  let failure = await asking(switching, signal);
  let unclear: ProviderError | undefined;
  const began = clock.monotonic();
  let asked = began;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(LAST_LOOK_MS, pauseMs * 1.3)) {
    try {
      if ((await switching.isOn(signal)) === wanted) return;
      unclear = undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ProviderError)) throw error;
      unclear = error;
    }
    const leftMs = began + (failure ? Math.min(afterFailureMs, withinMs) : withinMs) - clock.monotonic();
    if (leftMs <= 0) throw failure ?? tooLate(switching, unclear);
    await sleep(clock, Math.min(pauseMs, leftMs), signal);
    if (repeatMs !== undefined && clock.monotonic() - asked >= repeatMs) {
      asked = clock.monotonic();
      failure = await asking(switching, signal);
    }
  }
}

async function asking(switching: Switching, signal: AbortSignal): Promise<ProviderError | undefined> {
  try {
    await switching.ask(signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ProviderError)) throw error;
    return error;
  }
}

function tooLate(
  { wanted, withinMs, tooLate }: Switching,
  unclear: ProviderError | undefined,
): ProviderError {
  const seconds = String(Math.round(withinMs / 1_000));
  const because = unclear ? `: ${messageOf(unclear)}` : "";
  return tooLate(`still ${wanted ? "off" : "on"} ${seconds} s after it was asked${because}`);
}
