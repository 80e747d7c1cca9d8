import type { Problem, Settings, TargetSpec } from "../../config/model.ts";
import type { Probes } from "../../forward-auth/probes.ts";
import type { Clock } from "../../lib/clock.ts";
import type { TraefikPoll } from "../../publish/traefik/polls.ts";
import type { ProxyScene, Scene } from "../scene.ts";
import type { Entry } from "./entries.ts";
import { inParallel } from "./in-parallel.ts";
import { lookAtEngine, type KnownEngine } from "./look-at-engine.ts";
import { lookAtState } from "./look-at-state.ts";
import { lookAtTarget, type KnownTarget } from "./look-at-target.ts";
import { probeAll } from "./probe-all.ts";

/** What is known before anybody is asked. */
export interface Known {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
  readonly engines: readonly KnownEngine[];
  readonly targets: readonly KnownTarget[];
  /** The running service, where there is one. */
  readonly service?: {
    readonly probes: Pick<Probes, "open">;
    readonly askers: readonly string[];
    readonly fromLoopback: boolean;
    readonly uptimeMs: number;
    readonly traefikPoll?: TraefikPoll;
    /** The proxy's address, where a person named it. */
    readonly entry?: Entry;
  };
  /** Why there is none, where it was looked for. */
  readonly serviceDown?: string;
}

/** More targets are not looked at one by one. */
const MOST_TARGETS = 500;

/** Asks everybody: engines, targets, the proxy, the disk. Changes nothing. Rejects only for `signal`. */
export async function gather(known: Known, clock: Clock, signal: AbortSignal): Promise<Scene> {
  const { settings, service, problems, serviceDown } = known;
  const inOrder = [...known.targets].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  const engines = await Promise.all(known.engines.map((each) => lookAtEngine(each, clock, signal)));
  const inContainer = engines.some(({ self }) => self !== undefined);
  const [targets, proxy, state] = await Promise.all([
    inParallel(inOrder.slice(0, MOST_TARGETS), (target) => lookAtTarget(target, clock, signal)),
    askProxy({ ...known, targets: inOrder }, engines, clock, signal),
    lookAtState(settings.stateDir, inContainer),
  ]);
  return {
    mode: service ? "service" : "alone",
    ...(serviceDown !== undefined && { serviceDown }),
    settings,
    at: clock.now(),
    ...(service && { uptimeMs: service.uptimeMs }),
    problems,
    engines,
    targets,
    proxy,
    ...(service?.traefikPoll && { traefikPoll: service.traefikPoll }),
    state,
    timeZone: new Intl.DateTimeFormat("en").resolvedOptions().timeZone,
  };
}

async function askProxy(
  { service, targets }: Known,
  engines: Scene["engines"],
  clock: Clock,
  signal: AbortSignal,
): Promise<ProxyScene> {
  if (!service)
    return {
      kind: "not-asked",
      why: "Whether the proxy asks can be told only while Wakegate runs: it is asked for a sign that only Wakegate knows.",
    };
  const { probes, askers, fromLoopback, entry } = service;
  const specs: readonly TargetSpec[] = targets.map(({ spec }) => spec);
  return await probeAll(
    { probes, engines, targets: specs, askers, fromLoopback, clock, ...(entry && { given: entry }) },
    signal,
  );
}
