import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { Store } from "../../store/store.ts";
import { TimeWatch } from "../time-watch.ts";
import { forgettable } from "./forget.ts";

/** What the registry lets housekeeping do. */
export interface House {
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
  /** True while every engine answers, so that what is not there is gone. */
  complete(): boolean;
  exists(name: string): boolean;
  forget(name: string): void;
  clockSet(ms: number): void;
}

/** Notices a wall clock that was set, and forgets what does not exist any more for a week. Dispose to end. */
export function keepHouse(house: House): Disposable {
  const { clock, store, log } = house;
  return new TimeWatch(
    clock,
    (ms) => {
      log.warn("clock_set", `the wall clock moved by ${String(Math.round(ms / 1_000))} s`, { ms });
      house.clockSet(ms);
    },
    () => {
      if (!house.complete()) return;
      for (const name of forgettable(store, (known) => house.exists(known), clock.now())) {
        store.forget(name);
        house.forget(name);
        const message = `${name} does not exist any more for a week: forgotten`;
        log.info("target_forgotten", message, { target: name });
      }
    },
  );
}
