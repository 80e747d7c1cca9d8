import { messageOf } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import { deadline } from "../lib/signals.ts";
import type { EngineSnapshot, Provider } from "./provider.ts";

/** An engine that does not list its containers within this time is called unreachable, in ms. */
const LONGEST_MS = 10_000;

/** The containers of one engine; no snapshot when it could not be asked, and then perhaps why. */
export interface EngineListing {
  readonly engine: string;
  readonly snapshot?: EngineSnapshot;
  readonly failure?: string;
}

/** Lists an engine's containers once. Never throws: `failure` says why there is no snapshot. */
export async function listOnce(provider: Provider, clock: Clock): Promise<EngineListing> {
  const { engine } = provider;
  using limit = deadline(clock, LONGEST_MS, `engine ${engine}`);
  let snapshot: EngineSnapshot | undefined;
  let failure: string | undefined;
  const done = new Error("listed");
  await provider.watch(
    {
      listed(first) {
        snapshot ??= first;
        limit.abort(done);
      },
      changed: () => undefined,
      away(error) {
        failure ??= error.message;
        limit.abort(done);
      },
    },
    limit.signal,
  );
  if (snapshot) return { engine, snapshot };
  return { engine, failure: failure ?? messageOf(limit.signal.reason) };
}
