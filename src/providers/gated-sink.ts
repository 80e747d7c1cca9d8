import type { Subscribable } from "../lib/emitter.ts";
import type { EngineChange, EngineSink } from "./provider.ts";

/**
 * A sink that also gets changes which a provider notices besides its engine's events, but only while the engine is
 * listed: before that, and during an outage, they would be of things that the sink does not know. Dispose it with the
 * watch.
 */
export function gatedSink(
  sink: EngineSink,
  changes: Subscribable<EngineChange>,
  signal: AbortSignal,
): EngineSink & Disposable {
  let listed = false;
  const telling = changes.subscribe((change) => {
    if (listed && !signal.aborted) sink.changed(change);
  });
  return {
    listed(snapshot) {
      listed = true;
      sink.listed(snapshot);
    },
    changed: (change) => sink.changed(change),
    away(error) {
      listed = false;
      sink.away(error);
    },
    [Symbol.dispose]: () => telling[Symbol.dispose](),
  };
}
