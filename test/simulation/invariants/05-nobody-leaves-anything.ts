import type { Watcher } from "../../../src/watchers/watcher.ts";
import type { Wakegate } from "../world/wakegate.ts";
import type { Invariant } from "./invariant.ts";

/** Timers of a Wakegate at rest: housekeeping, and a few for each target. */
const TIMERS = 6;
const TIMERS_EACH = 4;
/** An engine call is given up after this, and never before. */
const CALL_LIMIT_MS = 15 * 60_000;

export const nobodyLeavesAnything: Invariant = {
  number: 5,
  says: "A client that leaves never cancels a wake; nothing leaks (waiters, timers, listeners, sockets).",
  watch(scene) {
    const began = new Map<number, number>();
    let left: Watcher | undefined;
    const watchers = new Set<Watcher>();
    let last: Wakegate | undefined;
    return {
      hear(happening) {
        if (happening.kind === "began") watchers.clear();
        if (happening.kind === "calls") began.set(happening.call.number, scene.clock.monotonic());
        if (happening.kind === "called" && happening.how === "abandoned") {
          const after = scene.clock.monotonic() - (began.get(happening.call.number) ?? 0);
          const { method, name } = happening.call;
          if (after < CALL_LIMIT_MS)
            scene.violated(5, `the ${method} of ${name} was given up after ${String(after)} ms`);
        }
        if (happening.kind === "left") {
          const watcher = scene.wakegate?.registry.watcher(happening.visit.target);
          const kind = watcher?.state.kind;
          if (kind === "waking" || kind === "starting") left = watcher;
        }
        if (happening.kind === "moved") watchers.add(happening.moved.watcher);
      },
      step() {
        if (left && !scene.process?.stopped) {
          const { kind } = left.state;
          if (kind === "napping" || kind === "stopping")
            scene.violated(5, `${left.name} is ${kind} because a client left`);
        }
        left = undefined;
        const { wakegate } = scene;
        if (wakegate) last = wakegate;
        if (!wakegate || wakegate.clock.stopped) return;
        if (wakegate.forwardAuth.held > scene.visits.size)
          scene.violated(
            5,
            `${String(wakegate.forwardAuth.held)} requests are held, but only ${String(scene.visits.size)} wait`,
          );
      },
      quiet() {
        const { wakegate } = scene;
        if (!wakegate) return;
        const all = [...wakegate.registry.watchers];
        for (const { name, activity } of all)
          if (activity.leases.length > 0)
            scene.violated(5, `${name} still has ${activity.leases.join(", ")}`);
        const { pending } = wakegate.clock;
        if (pending > TIMERS + TIMERS_EACH * all.length)
          scene.violated(5, `${String(pending)} timers wait for ${String(all.length)} targets at rest`);
        if (wakegate.streams.sessions > scene.sessions.size)
          scene.violated(5, "a stream's session is still open");
      },
      closed() {
        if (!last) return;
        const { pending } = last.clock;
        if (pending > 0) scene.violated(5, `${String(pending)} timers survived the end of Wakegate`);
        if (last.registry.changed.size > 0) scene.violated(5, "somebody still listens to the directory");
        for (const { name, changed } of watchers)
          if (changed.size > 0) scene.violated(5, `${String(changed.size)} still listen to ${name}`);
      },
    };
  },
};
