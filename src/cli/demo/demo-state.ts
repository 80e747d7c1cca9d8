import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../lib/clock.ts";
import { STATE_PATH, type DemoState } from "./sleepy-page.ts";

/** What the gateway knows of the app's use, and tells the app's page. */
export interface DemoWatch {
  /** Answers the page's question; false for every other path. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  passed(): void;
}

/** Watches without touching the app, which would keep it awake: when was somebody last let through? */
export function demoWatch(options: {
  readonly isAwake: () => boolean;
  readonly idleMs: number;
  readonly clock: Clock;
}): DemoWatch {
  const { isAwake, idleMs, clock } = options;
  let lastPass = clock.monotonic();
  return {
    answer(request, response) {
      if (request.url !== STATE_PATH) return false;
      const state: DemoState = {
        awake: isAwake(),
        sleepsInMs: Math.max(0, Math.round(lastPass + idleMs - clock.monotonic())),
      };
      response.setHeader("content-type", "application/json");
      response.setHeader("cache-control", "no-store");
      response.end(JSON.stringify(state));
      return true;
    },
    passed() {
      lastPass = clock.monotonic();
    },
  };
}
