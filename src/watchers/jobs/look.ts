import { linkSignals } from "../../lib/signals.ts";
import type { Instance } from "../../providers/provider.ts";
import { lookAtBusyCheck } from "../activity/busy-check.ts";
import { lookAtCaddy } from "../activity/caddy-look.ts";
import { readConnections } from "../activity/connections.ts";
import { lastLook, type LastLook, type LastLookInput } from "../activity/last-look.ts";
import { learnNoise } from "../activity/noise.ts";
import { portOf, probeAddresses } from "../readiness/address.ts";
import { firstTier } from "../tiers.ts";
import type { Workbench } from "../workbench.ts";
import { holders } from "./holders.ts";

/** The idle time by which the look at a target without one of its own is measured. */
const DEPENDENCY_IDLE_MS = 10_000;
const NETWORK_ABOVE = 1_000;
const CPU_ABOVE = 25;

/**
 * Makes the last look and writes its evidence down. A use that comes meanwhile ends it; undefined then, and when
 * the engine does not answer: it cannot say that nobody uses the target.
 *
 * @throws the signal's reason when it aborts.
 */
export async function look(bench: Workbench, signal: AbortSignal): Promise<LastLook | undefined> {
  const { activity, around, spec } = bench;
  const { log, store } = around;
  using looking = linkSignals(signal);
  const { uses } = activity;
  // Much is told here that is no use: any container of the engine may have changed.
  using _ = activity.changed.subscribe(() => {
    if (activity.uses !== uses || holders(bench).length > 0) looking.abort(new Error("used meanwhile"));
  });
  try {
    const instance = await around.locate(looking.signal);
    // The event that should have told may be lost: it is gone, has ended, fell ill, or this is another run.
    bench.see(instance);
    signal.throwIfAborted();
    if (!instance) return undefined;
    if (instance.locked !== undefined) return lockedLook(bench, instance.locked);
    const result = await lastLook(inputOf(bench, instance), looking.signal);
    if (result.heard) {
      const cap = spec.activity?.networkAbove ?? NETWORK_ABOVE;
      store.update(spec.name, { noise: learnNoise(store.target(spec.name)?.noise, result.heard, cap) });
    }
    if (activity.sessions.began === undefined) store.update(spec.name, { sessionSince: undefined });
    bench.insight.looked(result);
    const evidence = result.evidence.map(({ source, kind, detail }) => `${source} ${kind}: ${detail}`);
    const message = `${spec.name} is ${result.inUse ? "in use" : "quiet"}`;
    log.info("last_look", message, { target: spec.name, inUse: result.inUse, evidence });
    return result;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** What keeps the engine from stopping it, as a look; undefined: nothing, or the engine does not say. */
export async function lookAtLock(bench: Workbench, signal: AbortSignal): Promise<LastLook | undefined> {
  try {
    const locked = (await bench.around.locate(signal))?.locked;
    return locked === undefined ? undefined : lockedLook(bench, locked);
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Only the lock is told: what a backup moves is no use of the target. Logged when the reason changes. */
function lockedLook(bench: Workbench, detail: string): LastLook {
  const { around, insight, spec } = bench;
  const before = insight.lastLook?.evidence[0];
  if (before?.source !== "lock" || before.detail !== detail) {
    const message = `${spec.name} waits before it sleeps: ${detail}`;
    around.log.info("sleep_waits", message, { target: spec.name });
  }
  const evidence = [{ source: "lock", kind: "in-use", detail }] as const;
  const result = { at: around.clock.now(), inUse: true, evidence };
  insight.looked(result);
  return result;
}

/** Whether a look found that the engine refuses a sleep for now. */
export function isLocked(result: LastLook | undefined): boolean {
  return result?.evidence[0]?.source === "lock";
}

function inputOf(bench: Workbench, instance: Instance): LastLookInput {
  const { activity, around, spec } = bench;
  const { provider, clock, store, readProc } = around;
  const port = portOf(spec, instance, store.target(spec.name)?.provenPort);
  const { caddyAdmin } = around;
  const { busyCheck } = spec;
  const names = new Set([instance.name, spec.name, ...around.aliases(instance)]);
  return {
    activity,
    clock,
    idleTimeoutMs: idleMs(bench),
    noise: store.target(spec.name)?.noise,
    networkAbove: spec.activity?.networkAbove ?? NETWORK_ABOVE,
    cpuAbove: spec.activity?.cpuAbove ?? CPU_ABOVE,
    connections: async () =>
      readProc &&
      (await readConnections({
        read: readProc,
        instance,
        port,
        inContainer: provider.kind === "docker",
        peerOf: (address) => around.peerOf(address, instance),
        ignored: spec.activity?.ignorePeers ?? [],
      })),
    asks: [
      ...(caddyAdmin === undefined
        ? []
        : [(s: AbortSignal) => lookAtCaddy({ admin: caddyAdmin, names, port, clock }, s)]),
      ...(busyCheck === undefined
        ? []
        : [
            (s: AbortSignal) =>
              lookAtBusyCheck(
                {
                  spec: busyCheck,
                  base: baseOf(bench, instance),
                  host: spec.readiness.host ?? spec.routes.find(({ host }) => !host.startsWith("*"))?.host,
                  exec: (argv, inner) => provider.exec(instance.id, argv, inner),
                  clock,
                },
                s,
              ),
          ]),
    ],
    commands: provider.commands && ((s) => provider.commands?.(instance.id, s) ?? Promise.resolve([])),
    usage: provider.can.has("usage") ? (s) => provider.usage(instance.id, s) : undefined,
  };
}

/** A pool or an operator waits for the sleep: a shorter look, unless there may be a session that says little. */
function idleMs({ activity, around, asked, spec }: Workbench): number {
  const own = around.dependencyOnly ? DEPENDENCY_IDLE_MS : (firstTier(spec).afterMs ?? DEPENDENCY_IDLE_MS);
  const hurry = asked.how !== undefined && activity.sessions.began === undefined;
  return hurry ? Math.min(own, DEPENDENCY_IDLE_MS) : own;
}

/** Where the app itself answers: never the configured address of readiness, which may be somebody else's. */
function baseOf({ around, spec }: Workbench, instance: Instance): string | undefined {
  const port =
    spec.busyCheck?.http?.port ?? portOf(spec, instance, around.store.target(spec.name)?.provenPort);
  const { address: _, ...own } = spec;
  const asked = { ...own, ...(port !== undefined && { port }) };
  const [first] = probeAddresses(asked, instance, around.networkOwner(instance), around.vantage);
  if (!first) return undefined;
  const host = first.host.includes(":") ? `[${first.host}]` : first.host;
  return `${spec.scheme}://${host}:${String(first.port)}`;
}
