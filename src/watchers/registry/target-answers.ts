import { nameOnEngine } from "../../config/name-on-engine.ts";
import type { Instance } from "../../providers/provider.ts";
import { deadline } from "../../lib/signals.ts";
import { untilTrue } from "../../lib/until-true.ts";
import { holders } from "../jobs/holders.ts";
import { look } from "../jobs/look.ts";
import { needsDependencies } from "../state.ts";
import type { Edge } from "../dependencies.ts";
import type { Pools } from "../pools/pools.ts";
import type { Room } from "../pools/room.ts";
import type { Watcher } from "../watcher.ts";
import type { Askers } from "./askers.ts";
import type { EngineView } from "./engine-view.ts";
import type { PlannedTarget } from "./plan.ts";
import type { Planning } from "./planning.ts";
import type { ProblemLog } from "./problem-log.ts";
import { unmanagedUsers } from "./unmanaged-users.ts";

/** Where the answers come from. */
export interface AnswerSources {
  readonly planning: Planning;
  readonly askers: Askers;
  readonly problems: ProblemLog;
  readonly watchers: { get(name: string): Watcher | undefined };
  readonly pools: Pick<Pools, "roomOf">;
  /** Makes the plan anew: something was found that it does not know. */
  readonly replan: () => void;
}

/** A part that does not stop must not keep the others awake for ever. */
const COMPANION_MS = 60_000;

/** What a watcher may ask about its own target, answered from the latest plan and listing. */
export class TargetAnswers {
  readonly #name: string;
  readonly #view: EngineView;
  readonly #sources: AnswerSources;
  readonly room: Room;

  constructor(name: string, view: EngineView, sources: AnswerSources) {
    this.#name = name;
    this.#view = view;
    this.#sources = sources;
    this.room = sources.pools.roomOf(name);
  }

  get planned(): PlannedTarget | undefined {
    return this.#sources.planning.plan.targets.get(this.#name);
  }

  edges(): readonly Edge[] {
    return (this.planned?.edges ?? []).map((spec) => {
      const dependency = this.#sources.watchers.get(spec.name);
      return { spec, ...(dependency && { dependency }) };
    });
  }

  locate(signal: AbortSignal): Promise<Instance | undefined> {
    return locate(this.#name, this.#view, this.#sources, signal);
  }

  current(signal: AbortSignal): Promise<Instance | undefined> {
    return locate(this.#name, this.#view, this.#sources, signal, "current");
  }

  neededBy(): readonly string[] {
    return neededBy(this.#name, this.#view, this.#sources);
  }

  exempt(): string | undefined {
    return exempt(this.#name, this.#sources);
  }

  companionsAsleep(force: boolean, signal: AbortSignal): Promise<boolean> {
    return companionsAsleep(this.#name, this.#sources, force, signal);
  }
}

/** Inspects what the target is now. When it is gone under its id, it may have been recreated under its name. */
async function locate(
  name: string,
  view: EngineView,
  { planning, watchers, replan }: AnswerSources,
  signal: AbortSignal,
  how: "inspect" | "current" = "inspect",
): Promise<Instance | undefined> {
  const target = planning.plan.targets.get(name);
  const byId = target?.instance === undefined ? undefined : await view[how](target.instance, signal);
  if (byId) return byId;
  const source = watchers.get(name)?.spec.source;
  const again = source && nameOnEngine(source);
  if (again === undefined) return undefined;
  const found = await view.inspect(again, signal);
  if (found) replan();
  return found;
}

function neededBy(name: string, view: EngineView, { planning, watchers }: AnswerSources): readonly string[] {
  const { targets, dependants, wholes } = planning.plan;
  const companions = targets.get(name)?.companions ?? [];
  const users = [...(dependants.get(name) ?? []), ...(wholes.get(name) ?? [])];
  const managed = users.filter((user) => {
    const watcher = watchers.get(user);
    if (!watcher || !needsDependencies(watcher.state)) return false;
    // What is on its way to sleep waits for those of its parts that depend on it: it does not need them any longer.
    const { state } = watcher;
    const goesDown = state.kind === "stopping" && state.whose === "ours";
    if (goesDown && targets.get(user)?.companions.includes(name)) return false;
    // What is awake only as a part of it does not keep it awake.
    return !companions.includes(user) || holders(watcher).some(({ source }) => source !== "needed");
  });
  const self = planning.instanceOf(name);
  if (!self) return managed;
  const isTarget = (id: string): boolean => planning.boundTo(view.engine, id) !== undefined;
  return [...managed, ...unmanagedUsers(self, view.instances.values(), isTarget)];
}

async function companionsAsleep(
  name: string,
  { planning, watchers }: AnswerSources,
  force: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const companions = planning.plan.targets.get(name)?.companions ?? [];
  const asleep = await Promise.all(
    companions.map(async (companion) => {
      const watcher = watchers.get(companion);
      if (watcher?.state.kind !== "ready") return true;
      if (!force && (await look(watcher, signal))?.inUse !== false) return false;
      watcher.sleep("force");
      using limit = deadline(watcher.around.clock, COMPANION_MS, `sleep of ${companion}`, signal);
      const isDown = (): boolean => !needsDependencies(watcher.state);
      await untilTrue(watcher.changed, isDown, limit.signal).catch(() => undefined);
      // It must not go to sleep later without what it is a part of.
      if (!isDown()) watcher.asked.cancel();
      return isDown();
    }),
  );
  signal.throwIfAborted();
  return asleep.every(Boolean);
}

function exempt(name: string, { planning, watchers, askers, problems }: AnswerSources): string | undefined {
  const source = watchers.get(name)?.spec.source;
  if (source?.kind === "machine" && !source.sleeps) return "nothing says how to put it to sleep";
  const seen = planning.instanceOf(name);
  if (seen && "runId" in seen && seen.removedOnStop) {
    const message = `${name} was started with --rm: its engine deletes it when it stops, so it is never put to sleep. Start it without --rm.`;
    problems.once(`removed on stop ${seen.id}`, "removed_on_stop", message, { target: name });
    return "it was started with --rm, and its engine deletes it when it stops";
  }
  if (!seen || !askers.is(seen)) return undefined;
  const message = `${name} asks Wakegate for verdicts: it is the proxy or the SSO, and is never put to sleep. Remove its wakegate.enable label.`;
  problems.once(`asker ${name}`, "proxy_is_target", message, { target: name });
  return "it asks Wakegate for verdicts";
}
