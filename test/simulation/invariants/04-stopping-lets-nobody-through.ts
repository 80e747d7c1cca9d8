import { passed, type Invariant } from "./invariant.ts";

/** How long a stop signal of somebody else's is believed to lead to an end: the container's own grace. */
const GRACE_MS = 10_000;

export const stoppingLetsNobodyThrough: Invariant = {
  number: 4,
  says: "A request during stopping is answered by the next wake or told to wait; it is never let through.",
  watch(scene) {
    /** Our own stops under way, by container. */
    const stops = new Map<string, number>();
    /** Those that are over, by container: the moment, and the serial number of the telling. */
    const over = new Map<string, { readonly at: number; readonly told: number }>();
    return {
      hear(happening) {
        if (happening.kind === "killed" || happening.kind === "closed") stops.clear();
        if (happening.kind === "calls" && happening.call.method === "sleep")
          stops.set(happening.call.id, happening.call.number);
        if (happening.kind === "called" && stops.get(happening.call.id) === happening.call.number) {
          stops.delete(happening.call.id);
          over.set(happening.call.id, { at: scene.clock.monotonic(), told: scene.told.now });
        }
        if (!passed(happening)) return;
        const { target } = happening.visit;
        const dying = scene.told.named(target).filter(({ id, status, signalledAt, at }) => {
          const own = over.get(id);
          // An inspection after our stop says that it has survived it: the stop has failed, and what runs is used.
          const survived = own && signalledAt !== undefined && signalledAt <= own.at && at > own.told;
          const signalled = signalledAt !== undefined && scene.clock.monotonic() - signalledAt < GRACE_MS;
          return status === "running" && (stops.has(id) || (signalled && !survived));
        });
        const others = scene.told
          .named(target)
          .some((box) => box.status === "running" && !dying.includes(box));
        if (dying.length > 0 && !others)
          scene.violated(4, `a request to ${target} passed while it is being stopped`);
      },
    };
  },
};
