import type { Order } from "../../store/store.ts";
import { deadline } from "../../lib/signals.ts";
import { untilTrue } from "../../lib/until-true.ts";
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

/** Cheap questions are answered within this, in ms; a comparison of counters may take half a minute. */
const QUICK_LOOK_MS = 700;

/** What people do to targets by API and dashboard: each either happens or is refused with an {@link ApiProblem}. */
export interface Actions {
  wake(name: string, caller: Caller): void;
  retry(name: string, caller: Caller): void;
  /**
   * Asks the watcher to put it to sleep as soon as nothing uses it; with `force`, whatever uses it. Without `force` it
   * is refused with 409 where use is known, or found by the first questions of the look before the sleep; what a
   * longer look finds keeps it awake.
   */
  sleep(name: string, force: boolean, caller: Caller): Promise<void>;
  pin(name: string, request: OrderRequest, caller: Caller): void;
  unpin(name: string, caller: Caller): void;
  hold(name: string, request: OrderRequest, caller: Caller): void;
  release(name: string, caller: Caller): void;
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
  const usesOf = (name: string): readonly Evidence[] => {
    const facts = factsOf(name, parts);
    return facts ? inUse(facts) : [];
  };
  const refuseInUse = (name: string, evidence: readonly Evidence[]): never => {
    throw new ApiProblem(409, "in_use", `${name} is in use`, {
      detail: `${listNames(evidence.map(({ label, detail }) => `${label}: ${detail}`))}. Force it to put it to sleep anyway.`,
      evidence,
    });
  };
  /** Waits a moment for the watcher's own look, whose cheap questions are answered at once. */
  const firstAnswer = async (watcher: Watcher): Promise<void> => {
    const before = watcher.insight.lastLook;
    using limit = deadline(clock, QUICK_LOOK_MS, `look at ${watcher.name}`, parts.stopped);
    const answered = (): boolean => watcher.state.kind !== "ready" || watcher.insight.lastLook !== before;
    await untilTrue(watcher.changed, answered, limit.signal).catch(() => undefined);
    if (watcher.state.kind !== "ready" || watcher.insight.lastLook === before) return;
    if (watcher.insight.lastLook?.inUse !== true) return;
    watcher.asked.cancel();
    refuseInUse(watcher.name, usesOf(watcher.name));
  };
  const say = (type: "pinned" | "unpinned" | "held" | "released", name: string, message: string): void => {
    hub.note({ type, target: name, displayName: watcherOf(name).displayName, message });
    log.info(`target_${type}`, `${name}: ${message}`, { target: name });
  };
  const span = ({ until, reason }: OrderRequest, { name }: Caller): string => {
    const end = until === undefined ? "without end" : `until ${momentText(until, clock.now())}`;
    return `${end}, by ${name}${reason ? `: ${reason}` : ""}`;
  };
  return {
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
      const exempt = watcher.around.exempt();
      if (exempt !== undefined)
        throw new ApiProblem(409, "exempt", `${name} is never put to sleep`, { detail: exempt });
      if (!force && watcher.spec.dryRun) {
        throw new ApiProblem(409, "dry_run", `${name} has dry_run set: nothing is put to sleep`, {
          detail: "Force it to put it to sleep anyway, or remove dry_run.",
        });
      }
      const evidence = force ? [] : usesOf(name);
      if (evidence.length > 0) refuseInUse(name, evidence);
      log.info("sleep_asked", `${caller.name} asked to put ${name} to sleep`, { target: name, force });
      watcher.sleep(force ? "force" : "quiet");
      if (!force) await firstAnswer(watcher);
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
