import type { TargetSource } from "../../config/model.ts";
import { formatRoute } from "../../config/values/host-pattern.ts";
import type { Clock } from "../../lib/clock.ts";
import type { PollerEvidence } from "../../forward-auth/pollers.ts";
import type { Stretch } from "../../store/run-log.ts";
import type { Store } from "../../store/store.ts";
import type { DirectoryEntry } from "../../watchers/handle.ts";
import type { Registry } from "../../watchers/registry/registry.ts";
import type { State } from "../../watchers/state.ts";
import type { Watcher } from "../../watchers/watcher.ts";
import type { AwakeSpan, DependencyFact, StateWord, TargetFacts } from "./target-facts.ts";
import { unrecordedOf } from "./unrecorded.ts";
import { whyOf } from "./why-of.ts";

/** Where facts are read from. */
export interface FactSources {
  readonly registry: Registry;
  readonly store: Store;
  readonly clock: Clock;
  /** Who polls a target now. Default: nobody is known to. */
  readonly polls?: (target: string) => readonly PollerEvidence[];
  /** When Wakegate did not run. Default: it always did. */
  readonly gaps?: () => readonly Stretch[];
}

/** The facts of all targets, by name. */
export function allFacts(sources: FactSources): readonly TargetFacts[] {
  return sources.registry.entries
    .filter(({ gone }) => gone === undefined)
    .map((entry) => factsOfEntry(entry, sources));
}

/** The facts of one target; undefined when there is none of that name. */
export function factsOf(name: string, sources: FactSources): TargetFacts | undefined {
  const entry = sources.registry.entries.find((each) => each.name === name);
  return entry && factsOfEntry(entry, sources);
}

/** What a state is called, for people. */
export function stateWordOf(state: State, mayNotWake: boolean): StateWord {
  switch (state.kind) {
    case "napping":
      if (mayNotWake) return "closed";
      return state.how === "paused" ? "paused" : "asleep";
    case "waking":
    case "starting":
    case "stopping":
      return state.kind;
    case "ready":
      return "awake";
    case "error":
      return "failed";
    case "missing":
      return state.why === "gone" ? "gone" : "unknown";
  }
}

function factsOfEntry(entry: DirectoryEntry, sources: FactSources): TargetFacts {
  const watcher = sources.registry.watcher(entry.name);
  return watcher ? factsOfWatcher(watcher, sources) : unavailable(entry, sources);
}

function factsOfWatcher(watcher: Watcher, sources: FactSources): TargetFacts {
  const { registry, store, clock } = sources;
  const { spec, state, activity, name } = watcher;
  const record = store.target(name);
  const now = clock.now();
  const progress = watcher.progress();
  const why = whyOf(watcher, now, sources.polls?.(name));
  const lastUseAt =
    state.kind === "ready" || state.kind === "stopping"
      ? now - (clock.monotonic() - activity.lastUse)
      : record?.lastActivity;
  const since = sinceOf(state, now, clock.monotonic());
  const { source } = spec;
  return {
    name,
    displayName: spec.displayName,
    state: stateWordOf(state, why.mayNotWake !== undefined),
    ...(since !== undefined && { since }),
    asOf: now,
    hosts: spec.routes.map(formatRoute),
    place: placeOf(source),
    engine: source.engine,
    ...(source.kind === "docker" && { container: source.container }),
    ...(spec.idleTimeoutMs !== undefined && { idleTimeoutMs: spec.idleTimeoutMs }),
    stopMethod: spec.stopMethod,
    dependencyOnly: watcher.around.dependencyOnly,
    why,
    ...(activity.last && { lastUse: activity.last }),
    ...(lastUseAt !== undefined && { lastUseAt: Math.round(lastUseAt) }),
    ...(activity.lastRequest !== undefined &&
      activity.lastUse - activity.lastRequest < 1_000 && { usedByRequest: true }),
    leases: why.evidence.filter(({ source }) => source === "lease").map(({ detail }) => detail),
    neededBy: watcher.around.neededBy(),
    progress,
    ...(state.kind === "stopping" && state.whose === "ours" && { stopTries: state.tries }),
    wakes: record?.wakes ?? [],
    ...spansOf(record, sources),
    ...(record?.memoryBytes !== undefined && { memoryBytes: record.memoryBytes }),
    dependencies: dependenciesOf(watcher, registry),
    pools: spec.pools,
    ...(watcher.asked.how === "room" && { makesRoom: true }),
  };
}

function unavailable(entry: DirectoryEntry, sources: FactSources): TargetFacts {
  const { registry, store, clock } = sources;
  const record = store.target(entry.name);
  const broken = registry.plan.broken.has(entry.name);
  const state: StateWord = broken ? "failed" : registry.settled ? "gone" : "unknown";
  const displayName = record?.displayName ?? entry.name;
  return {
    name: entry.name,
    displayName,
    state,
    asOf: clock.now(),
    hosts: entry.routes.map(formatRoute),
    place: "",
    engine: "",
    stopMethod: "stop",
    dependencyOnly: false,
    why: { evidence: [], notes: [] },
    leases: [],
    neededBy: [],
    progress: {
      target: entry.name,
      displayName,
      phase: "missing",
      asOf: clock.now(),
      steps: [],
      dependencies: [],
    },
    wakes: record?.wakes ?? [],
    ...spansOf(record, sources),
    pools: [],
    dependencies: [],
    unavailable: entry.unavailable ?? "it cannot be served now",
  };
}

function sinceOf(state: State, now: number, mono: number): number | undefined {
  switch (state.kind) {
    case "napping":
    case "ready":
    case "missing":
      return state.since;
    case "waking":
    case "starting":
      return state.wake.at;
    case "stopping":
      return Math.round(now - (mono - state.began));
    case "error":
      return state.failure.at;
  }
}

function spansOf(
  record: ReturnType<Store["target"]>,
  { gaps }: Pick<FactSources, "gaps">,
): Pick<TargetFacts, "awake" | "unrecorded"> {
  const closed = (record?.awake ?? []).map(([from, to]): AwakeSpan => ({ from, to }));
  const awake = record?.awakeSince === undefined ? closed : [...closed, { from: record.awakeSince }];
  return { awake, unrecorded: unrecordedOf(gaps?.() ?? [], awake) };
}

function dependenciesOf(watcher: Watcher, registry: Registry): readonly DependencyFact[] {
  return (registry.plan.targets.get(watcher.name)?.edges ?? []).map(({ name, condition }) => {
    const dependency = registry.watcher(name);
    const others = registry.plan.dependants.get(name) ?? [];
    return {
      name,
      displayName: dependency?.displayName ?? name,
      condition,
      state: dependency ? stateWordOf(dependency.state, false) : "unknown",
      alsoFor: others.filter((other) => other !== watcher.name),
    };
  });
}

/** Where it lives, in words. */
function placeOf(source: TargetSource): string {
  switch (source.kind) {
    case "process":
      return "program on this host";
    case "docker":
      return `Docker, engine ${source.engine}`;
    case "swarm":
      return `Docker Swarm, ${source.engine}`;
    case "kubernetes":
      return `Kubernetes, ${source.workload} in ${source.namespace}, ${source.engine}`;
    case "machine":
      return source.by === "wol" ? "machine, by Wake-on-LAN" : "machine, by commands";
    case "proxmox":
      return `Proxmox, guest ${String(source.vmid)} of ${source.engine}`;
  }
}
