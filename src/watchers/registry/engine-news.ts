import type { TargetSpec } from "../../config/model.ts";
import type { Log } from "../../lib/log.ts";
import type { Instance, ProviderError } from "../../providers/provider.ts";
import { pauseRisk } from "../pause-risk.ts";
import { sightingOf } from "../state.ts";
import type { Engines } from "./engines.ts";
import type { EngineView, EngineViewListener } from "./engine-view.ts";
import type { Planning } from "./planning.ts";
import type { ProblemLog } from "./problem-log.ts";
import type { WatcherSet } from "./watcher-set.ts";

/** Who takes part in spreading what engines say. */
export interface NewsParts {
  readonly engines: Engines;
  readonly planning: Planning;
  readonly watchers: WatcherSet;
  readonly problems: ProblemLog;
  readonly log: Log;
  readonly replan: () => void;
  /** An engine was listed or went away, and everything was told about it. */
  readonly told: () => void;
}

/** A signal that makes most programs end. The others (HUP, USR1 …) are messages. */
const ENDING_SIGNALS = new Set(["SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGABRT"]);

/** Carries what engines say to the watchers that it is about. */
export class EngineNews implements EngineViewListener {
  readonly #parts: () => NewsParts;

  /** The parts are asked for late: the engines among them need a listener to exist. */
  constructor(parts: () => NewsParts) {
    this.#parts = parts;
  }

  onListed(view: EngineView): void {
    const { engines, planning, watchers, replan, told } = this.#parts();
    planning.readings.prune((engine, id) => engines.view(engine)?.instances.has(id) === true);
    replan();
    for (const [name, target] of planning.plan.targets) {
      if (target.engine !== view.engine) continue;
      const seen = target.instance === undefined ? undefined : view.instances.get(target.instance);
      // What may run needs an inspection: only that tells one run from another.
      if (seen && (seen.status === "running" || seen.status === "restarting")) view.lookAt(seen.id);
      else watchers.get(name)?.see(seen);
      // So does what is paused: by us, it is stopped later.
      if (seen?.status === "paused") view.lookAt(seen.id);
    }
    told();
  }

  onInspected(view: EngineView, id: string, instance: Instance | undefined): void {
    const { planning, watchers, replan } = this.#parts();
    const bound = planning.boundTo(view.engine, id);
    const known = planning.readings.known(view.engine, id);
    const candidates = planning.candidates(view, instance);
    const relabelled = known !== planning.readings.known(view.engine, id);
    if (!instance || !bound || candidates > 1 || relabelled) replan();
    const target = planning.boundTo(view.engine, id) ?? bound;
    if (target && instance) this.#warnOfPause(target.spec, instance);
    if (target) watchers.get(target.spec.name)?.see(instance);
    else this.#pokeNeeded(view.engine);
  }

  onStopSignal(view: EngineView, id: string, signal: string | undefined): void {
    const { planning, watchers } = this.#parts();
    const target = planning.boundTo(view.engine, id);
    if (!target || signal === undefined) return;
    const seen = view.instances.get(id);
    const own = seen && "stopSignal" in seen ? seen.stopSignal : undefined;
    if (!ENDING_SIGNALS.has(signal) && signal !== own) return;
    const running = seen && "runId" in seen && seen.status === "running" ? sightingOf(seen) : undefined;
    watchers.get(target.spec.name)?.dispatch({ type: "stop-signal", ...(running && { running }) });
  }

  onAway(view: EngineView, error: ProviderError): void {
    const { planning, watchers, log, told } = this.#parts();
    for (const [name, target] of planning.plan.targets) {
      if (target.engine !== view.engine) continue;
      watchers.get(name)?.dispatch({ type: "engine-away", message: error.message });
    }
    log.warn("engine_away", `engine ${view.engine} does not answer: ${error.message}`, {
      engine: view.engine,
      code: error.code,
    });
    told();
  }

  onInspectFailed(view: EngineView, id: string, why: string): void {
    const { planning, log } = this.#parts();
    const target = planning.boundTo(view.engine, id)?.spec.name;
    const what = target ?? view.instances.get(id)?.name ?? id;
    log.warn("inspect_failed", `engine ${view.engine} cannot inspect ${what}: ${why}. It is tried again.`, {
      engine: view.engine,
      ...(target !== undefined && { target }),
    });
  }

  #warnOfPause(spec: TargetSpec, instance: Instance): void {
    const risk = pauseRisk(spec, instance);
    if (risk === undefined) return;
    const message = `${spec.name} is to be paused, but ${risk}.`;
    const key = `pause ${spec.name} ${risk}`;
    this.#parts().problems.once(key, "pause_risky", message, { target: spec.name });
  }

  /** An unmanaged container changed: whoever was awake for it alone may sleep now. */
  #pokeNeeded(engine: string): void {
    const { planning, watchers } = this.#parts();
    for (const target of planning.plan.targets.values()) {
      if (target.engine === engine) watchers.get(target.spec.name)?.activity.poke();
    }
  }
}
