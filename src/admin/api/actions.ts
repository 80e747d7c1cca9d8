import type { Order } from "../../store/store.ts";
import { deadline } from "../../lib/signals.ts";
import { look } from "../../watchers/jobs/look.ts";
import type { Watcher } from "../../watchers/watcher.ts";
import type { Caller } from "../auth/access.ts";
import { factsOf } from "../facts/read-facts.ts";
import type { AdminParts } from "../parts.ts";
import type { Evidence } from "../ports.ts";
import { listNames, momentText } from "../text.ts";
import { ApiProblem } from "./problem.ts";
import { inUse } from "./target-view.ts";

/** How long, and why. */
export type OrderRequest = Pick<Order, "until" | "reason">;

/** Cheap questions are answered within this; a comparison of counters would take half a minute. */
const QUICK_LOOK_MS = 700;

/** What people do to targets by API and dashboard: each either happens or is refused with an {@link ApiProblem}. */
export interface Actions {
  wake(name: string, caller: Caller): void;
  retry(name: string, caller: Caller): void;
  /** Refused with 409 and the evidence when it is in use, unless forced. */
  sleep(name: string, force: boolean, caller: Caller): Promise<void>;
  pin(name: string, request: OrderRequest, caller: Caller): void;
  unpin(name: string, caller: Caller): void;
  hold(name: string, request: OrderRequest, caller: Caller): void;
  release(name: string, caller: Caller): void;
  /** True when the sleep that just ended began with {@link sleep}; asked once. */
  askedToSleep(name: string): boolean;
}

/** Builds the actions over the watchers. */
export function createActions(parts: AdminParts): Actions {
  const { registry, hub, log, clock } = parts;
  const watcherOf = (name: string): Watcher => {
    const watcher = registry.watcher(name);
    if (watcher) return watcher;
    const entry = registry.entries.find((each) => each.name === name);
    if (entry)
      throw new ApiProblem(
        503,
        "unavailable",
        `${name} cannot be used now`,
        entry.unavailable === undefined ? {} : { detail: entry.unavailable },
      );
    throw new ApiProblem(404, "no_such_target", `There is no target ${name}`);
  };
  const present = (name: string): Watcher => {
    const watcher = watcherOf(name);
    if (watcher.state.kind !== "missing") return watcher;
    throw new ApiProblem(503, "missing", `${name} is not there`, { detail: watcher.state.message });
  };
  /** What holds it awake as far as is known, or else as a quick look finds. */
  const usesOf = async (name: string, watcher: Watcher): Promise<readonly Evidence[]> => {
    const facts = factsOf(name, parts);
    const known = facts ? inUse(facts) : [];
    if (known.length > 0 || watcher.state.kind !== "ready") return known;
    using limit = deadline(clock, QUICK_LOOK_MS, `look at ${name}`, parts.stopped);
    const found = await look(watcher, limit.signal).catch(() => undefined);
    if (!found?.inUse) return [];
    const after = factsOf(name, parts);
    return after ? inUse(after) : [];
  };
  const say = (type: "pinned" | "unpinned" | "held" | "released", name: string, message: string): void => {
    hub.note({ type, target: name, displayName: watcherOf(name).displayName, message });
    log.info(`target_${type}`, `${name}: ${message}`, { target: name });
  };
  const span = ({ until, reason }: OrderRequest, { name }: Caller): string => {
    const end = until === undefined ? "without end" : `until ${momentText(until, clock.now())}`;
    return `${end}, by ${name}${reason ? `: ${reason}` : ""}`;
  };
  const asked = new Set<string>();
  return {
    askedToSleep: (name) => asked.delete(name),
    wake(name, caller) {
      const watcher = present(name);
      const cause = { by: "operator", client: caller.name } as const;
      if (watcher.state.kind === "error") watcher.retry(cause);
      else watcher.wake(cause);
    },
    retry(name, caller) {
      present(name).retry({ by: "operator", client: caller.name });
    },
    async sleep(name, force, caller) {
      const watcher = present(name);
      if (watcher.state.kind !== "ready")
        throw new ApiProblem(409, "not_awake", `${name} is not awake: there is nothing to put to sleep`);
      const evidence = force ? [] : await usesOf(name, watcher);
      if (evidence.length > 0) {
        throw new ApiProblem(409, "in_use", `${name} is in use`, {
          detail: `${listNames(evidence.map(({ label, detail }) => `${label}: ${detail}`))}. Force it to put it to sleep anyway.`,
          evidence,
        });
      }
      if (watcher.orders.pinned) watcher.orders.unpin();
      log.info("sleep_asked", `${name} is put to sleep by ${caller.name}`, { target: name, force });
      asked.add(name);
      watcher.sleep("force");
    },
    pin(name, request, caller) {
      watcherOf(name).orders.pin({ ...request, by: caller.name });
      say("pinned", name, `Kept awake ${span(request, caller)}`);
    },
    unpin(name, caller) {
      watcherOf(name).orders.unpin();
      say("unpinned", name, `Not kept awake any more, by ${caller.name}`);
    },
    hold(name, request, caller) {
      watcherOf(name).orders.hold({ ...request, by: caller.name });
      say("held", name, `Kept asleep ${span(request, caller)}`);
    },
    release(name, caller) {
      watcherOf(name).orders.release();
      say("released", name, `Not kept asleep any more, by ${caller.name}`);
    },
  };
}
