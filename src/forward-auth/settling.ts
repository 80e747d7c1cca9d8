import type { ServerResponse } from "node:http";
import type { Clock } from "../lib/clock.ts";
import { Emitter } from "../lib/emitter.ts";
import type { TargetDirectory } from "../watchers/handle.ts";
import { waitFor, type Closing, type WaitEnd } from "./holds.ts";
import type { RouteLookup } from "./route-lookup.ts";

/** What settling looks at. */
export interface SettlingParts {
  readonly clock: Clock;
  readonly directory: TargetDirectory;
  readonly lookup: RouteLookup;
  readonly closing: Closing;
  /** Aborts when the service goes down. */
  readonly stopped: AbortSignal;
}

/** The time after a start in which nobody can say what a host belongs to, until every engine was listed. */
export interface Settling {
  /** Whether it is worth waiting. */
  readonly goesOn: boolean;
  /** Waits until `known` or every engine was listed, or the time is up. Never rejects. */
  until(known: () => boolean, res: ServerResponse): Promise<WaitEnd>;
}

/** An unmatched host waits at most this long for the first listing of every engine... */
const SETTLING_MS = 5000;
/** ...and only in the first minute: an engine that stays away must not slow down everybody else's hosts. */
const SETTLING_WINDOW_MS = 60_000;

export function createSettling({ clock, directory, lookup, closing, stopped }: SettlingParts): Settling {
  const startedAt = clock.monotonic();
  const settled = new Emitter<void>();
  directory.whenSettled(stopped).then(
    () => settled.emit(),
    () => undefined,
  );
  const changes = [lookup.changed, settled];
  return {
    get goesOn() {
      return !directory.settled && clock.monotonic() - startedAt < SETTLING_WINDOW_MS;
    },
    async until(known, res) {
      const since = clock.monotonic();
      for (let left = SETTLING_MS; left > 0; left = SETTLING_MS - (clock.monotonic() - since)) {
        const end = await waitFor({ clock, ms: left, changes, res, closing });
        if (end === "gone" || end === "closing") return end;
        if (known() || directory.settled) return "changed";
      }
      return "time";
    },
  };
}
