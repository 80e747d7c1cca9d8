import type * as z from "zod";
import type { Entry } from "../../doctor/gather/entries.ts";
import type { Report } from "../../doctor/report.ts";
import { DeadlineError } from "../../lib/signals.ts";
import type { Caller } from "../auth/access.ts";
import { poolFacts } from "../facts/pool-facts.ts";
import { allFacts, factsOf } from "../facts/read-facts.ts";
import type { ReplicasStatus } from "../../replicas/status.ts";
import type { AdminParts } from "../parts.ts";
import type { Actions, OrderRequest } from "./actions.ts";
import { debugSnapshot } from "./debug-snapshot.ts";
import type { OperationId } from "./operations.ts";
import { ApiProblem } from "./problem.ts";
import type { doctorBody, leaseBody, pinBody, sleepBody } from "./schemas.ts";
import { targetView, type TargetView } from "./target-view.ts";

/** A request that was let in, its body checked by the operation's schema. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly caller: Caller;
}

/** Answers a call with what becomes the JSON body. Throws {@link ApiProblem}. */
export type Handler = (call: Call) => unknown;

const DEFAULT_LEASE_MS = 60_000;
const LONGEST_LEASE_MS = 3_600_000;
const SHORTEST_LEASE_MS = 1_000;

/** The handlers of all operations but the event stream, which writes for itself. */
export function createHandlers(
  parts: AdminParts,
  actions: Actions,
): Readonly<Record<Exclude<OperationId, "streamEvents">, Handler>> {
  const { registry, clock, leases } = parts;
  const target = ({ params }: Call): TargetView => {
    const name = params["name"] ?? "";
    const facts = factsOf(name, parts);
    if (!facts) throw new ApiProblem(404, "no_such_target", `There is no target ${name}`);
    return targetView(facts, true);
  };
  const act = (action: (name: string, caller: Caller, call: Call) => void): Handler => {
    return (call) => {
      action(call.params["name"] ?? "", call.caller, call);
      return target(call);
    };
  };
  const pinRequest = ({ body }: Call): OrderRequest => {
    const given = body as z.output<typeof pinBody>;
    const until = given.until === undefined ? given.for && clock.now() + given.for : Date.parse(given.until);
    if (until !== undefined && until <= clock.now())
      throw new ApiProblem(400, "invalid", "until is in the past", {
        detail: "Give a moment in the future.",
      });
    return { ...(given.reason && { reason: given.reason }), ...(until !== undefined && { until }) };
  };
  const leaseOver = (): ApiProblem =>
    new ApiProblem(404, "no_such_lease", "There is no such lease: it ended, or Wakegate was restarted");
  return {
    listTargets: () => ({
      targets: allFacts(parts).map((facts) => targetView(facts, false)),
      asOf: new Date(clock.now()).toISOString(),
    }),
    getTarget: target,
    whyTarget: (call) => {
      const { name, state, since, summary, evidence, notes, sleepsAt, wakes, lastUse } = target(call);
      return { name, state, since, summary, evidence, notes, sleepsAt, wakes, lastUse };
    },
    wakeTarget: act((name, caller) => actions.wake(name, caller)),
    retryTarget: act((name, caller) => actions.retry(name, caller)),
    sleepTarget: async (call) => {
      const { force = false } = call.body as z.output<typeof sleepBody>;
      await actions.sleep(call.params["name"] ?? "", force, call.caller);
      return target(call);
    },
    pinTarget: act((name, caller, call) => actions.pin(name, pinRequest(call), caller)),
    unpinTarget: act((name, caller) => actions.unpin(name, caller)),
    holdTarget: act((name, caller, call) => actions.hold(name, pinRequest(call), caller)),
    releaseTarget: act((name, caller) => actions.release(name, caller)),
    listPools: () => ({ pools: poolFacts(registry) }),
    createLease: ({ body, caller }) => {
      const given = body as z.output<typeof leaseBody>;
      if (!registry.watcher(given.target))
        throw new ApiProblem(404, "no_such_target", `There is no target ${given.target}`);
      const ttlMs = Math.min(LONGEST_LEASE_MS, Math.max(SHORTEST_LEASE_MS, given.ttl ?? DEFAULT_LEASE_MS));
      const reason = given.reason ?? `lease of ${caller.name}`;
      const lease = leases.create(given.target, reason, ttlMs);
      if (!lease) throw new ApiProblem(429, "too_many_leases", "There are too many leases");
      if (given.wake !== false) actions.wake(given.target, caller);
      return leaseView(lease);
    },
    renewLease: ({ params }) => {
      const lease = leases.renew(params["id"] ?? "");
      if (!lease) throw leaseOver();
      return leaseView(lease);
    },
    endLease: ({ params }) => {
      if (!leases.end(params["id"] ?? "")) throw leaseOver();
      return null;
    },
    checkConfiguration: () => checkOf(parts),
    examine: ({ body }) => examine(parts, (body as z.output<typeof doctorBody>).proxy),
    tryNotify: async () => {
      const channels = await parts.notifier.try(parts.stopped);
      if (channels.length > 0) return { channels };
      throw new ApiProblem(409, "not_configured", "There is nobody to send a message to", {
        detail: "Set notify.webhook.url or notify.ntfy.topic.",
      });
    },
    reloadConfiguration: async () => {
      if (!parts.reload)
        throw new ApiProblem(501, "not_supported", "This Wakegate was started without a way to reload");
      const outcome = await parts.reload();
      if (outcome.applied) return outcome;
      const [first] = outcome.problems.filter(({ severity }) => severity === "error");
      const detail = first && `${first.where}: ${first.key}: ${first.message}`;
      throw new ApiProblem(
        422,
        "config_invalid",
        "The configuration has errors; the one before stays in force",
        detail === undefined ? {} : { detail },
      );
    },
    debugSnapshot: () => debugSnapshot(parts),
  };
}

async function examine({ doctor, stopped }: AdminParts, proxy: Entry | undefined): Promise<Report> {
  try {
    return await doctor.examine(proxy, stopped);
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    throw new ApiProblem(504, "timeout", "The examination took too long");
  }
}

function leaseView({
  expiresAt,
  ...lease
}: {
  id: string;
  target: string;
  reason: string;
  expiresAt: number;
}) {
  return { ...lease, expiresAt: new Date(expiresAt).toISOString() };
}

function checkOf({ registry, replicas }: AdminParts) {
  const { outages } = registry;
  const others = replicas && replicasView(replicas());
  // What is written in a label may be a secret of somebody's: the problem says enough without it.
  const problems = registry.plan.problems.map(({ severity, where, key, message }) => ({
    severity,
    where,
    key,
    message,
  }));
  return {
    ok:
      outages.size === 0 &&
      problems.every(({ severity }) => severity !== "error") &&
      (others === undefined || others.state === "synced"),
    problems,
    ...(others && { replicas: others }),
    engines: registry.engineNames().map((name) => {
      const outage = outages.get(name);
      return { name, ...(outage !== undefined && { outage }) };
    }),
  };
}

function replicasView(status: ReplicasStatus) {
  const { kind, self, why } = status;
  const synced = kind === "synced" ? status : undefined;
  return {
    state: kind,
    self: self.name,
    members: synced?.members.map(({ name }) => name) ?? [],
    lost: [...(synced?.lost ?? [])],
    ...(synced?.leader !== undefined && { leader: synced.leader }),
    ...(why !== undefined && { why }),
  };
}
