import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { chance, pick } from "./dice.ts";
import type { SoakApp } from "./app.ts";
import { lookAfter, order, watchEvents } from "./staff.ts";
import { tcpGlance, tcpSession } from "./tcp-session.ts";
import { browse, handshake, leave, request, stray, type Stage } from "./visits.ts";

/** So many apps have regular visitors and hardly ever sleep. */
const HOT = 40;

/**
 * All visitors at once, each kind at its own pace, until the signal aborts. Resolves when the last of them has gone.
 * An exception in a visit is an unexpected answer.
 */
export async function visitAll(
  stage: Stage,
  reload: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { world, gate, tally } = stage;
  // Every kind of visitor listens to it.
  setMaxListeners(0, signal);
  const under = new Set<Promise<void>>();
  const web = (): SoakApp => world.any("web");
  const tcp = (): SoakApp => world.any("tcp");
  const hot = world.apps.filter(({ kind }) => kind === "web").slice(0, HOT);

  /** Exponential pauses around the mean, as independent visitors make them. */
  const each = async (meanMs: number, kind: string, visit: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      await pause(-Math.log(1 - Math.random()) * meanMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const done = visit()
        .catch((error: unknown) => tally.bad(kind, String(error)))
        .finally(() => under.delete(done));
      under.add(done);
    }
  };

  await Promise.all([
    each(200, "warm", () => {
      const app = pick(hot);
      return request(stage, app, "warm", gate.verdict(app.host));
    }),
    each(1_500, "first", () => {
      const app = web();
      const method = chance(0.2) ? "POST" : "GET";
      return request(stage, app, "first", gate.verdict(app.host, { method }));
    }),
    each(2_500, "nginx", () => {
      const app = web();
      return request(stage, app, "nginx", gate.permit(app.host));
    }),
    each(4_000, "page", () => browse(stage, web(), "poll")),
    each(5_000, "page", () => browse(stage, web(), "stream")),
    each(3_000, "left", () => leave(stage, web())),
    each(10_000, "websocket", () => handshake(stage, web())),
    each(1_000, "unknown host", () => stray(stage)),
    each(2_500, "tcp", () => tcpSession(stage, tcp())),
    each(5_000, "tcp glance", () => tcpGlance(stage, tcp())),
    each(3_000, "admin", () => lookAfter(stage, web())),
    each(7_000, "order", () => order(stage, web())),
    each(8_000, "admin events", () => watchEvents(stage)),
    each(10_000, "meddle", () => world.meddle(pick(world.apps))),
    each(120_000, "cut", async () => world.cut()),
    each(420_000, "away", () => world.goAway(3_000)),
    each(40_000, "reload", reload),
  ]);
  await Promise.all(under);
}
