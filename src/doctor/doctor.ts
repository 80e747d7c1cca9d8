import type { Settings } from "../config/model.ts";
import type { Probes } from "../forward-auth/probes.ts";
import type { Clock } from "../lib/clock.ts";
import { deadline } from "../lib/signals.ts";
import type { TraefikPolls } from "../publish/traefik/polls.ts";
import type { Registry } from "../watchers/registry/registry.ts";
import type { Entry } from "./gather/entries.ts";
import { gather, type Known } from "./gather/gather.ts";
import { reportOn, type Report } from "./report.ts";

/** What the doctor of a running service works with. */
export interface DoctorOptions {
  readonly registry: Registry;
  readonly settings: () => Settings;
  readonly clock: Clock;
  readonly probes: Pick<Probes, "open">;
  readonly traefikPolls: Pick<TraefikPolls, "last">;
}

/** All looks together. Each has a shorter limit of its own. */
const LIMIT_MS = 40_000;

/** Examines the running service and all that it hangs on, one examination at a time. */
export class Doctor {
  readonly #options: DoctorOptions;
  readonly #began: number;
  #running: { readonly entry: string; readonly report: Promise<Report> } | undefined;
  #last: Report | undefined;

  constructor(options: DoctorOptions) {
    this.#options = options;
    this.#began = options.clock.monotonic();
  }

  /** What the latest examination found; undefined: there was none yet. */
  get last(): Report | undefined {
    return this.#last;
  }

  /** Examines now; joins an examination under way for the same proxy. Rejects with the signal's reason, or when it takes too long. */
  async examine(entry: Entry | undefined, signal: AbortSignal): Promise<Report> {
    const key = JSON.stringify(entry ?? null);
    while (this.#running && this.#running.entry !== key) await this.#running.report.catch(() => undefined);
    if (!this.#running) {
      const report = this.#examine(entry, signal).finally(() => (this.#running = undefined));
      this.#running = { entry: key, report };
    }
    return await this.#running.report;
  }

  async #examine(entry: Entry | undefined, signal: AbortSignal): Promise<Report> {
    const { clock } = this.#options;
    using limit = deadline(clock, LIMIT_MS, "the examination", signal);
    this.#last = reportOn(await gather(this.#known(entry), clock, limit.signal));
    return this.#last;
  }

  #known(entry: Entry | undefined): Known {
    const { registry, settings, clock, probes, traefikPolls } = this.#options;
    const { plan, askers, views } = registry;
    const viewOf = (engine: string) => views.find((view) => view.engine === engine);
    const planned = [...plan.targets.values()];
    const now = clock.monotonic();
    return {
      settings: settings(),
      problems: plan.problems,
      engines: views.map((view) => ({
        provider: view.provider,
        instances: [...view.instances.values()],
        ...(view.self && { self: view.self }),
        ...(view.outage !== undefined && { outage: view.outage }),
        targets: new Set(
          planned.flatMap((each) => (each.engine === view.engine ? (each.instance ?? []) : [])),
        ),
      })),
      targets: planned.map(({ spec, engine, instance }) => {
        const view = viewOf(engine);
        const watcher = registry.watcher(spec.name);
        const activity = watcher?.activity;
        const provenPort = watcher?.around.store.target(spec.name)?.provenPort;
        const failure = watcher?.state.kind === "error" ? watcher.state.failure : undefined;
        const used = activity?.last?.kind === "request" ? activity.lastUse : undefined;
        return {
          spec,
          ...(view && { provider: view.provider }),
          ...(instance !== undefined && { instance }),
          instances: view ? [...view.instances.values()] : [],
          ...(view?.self && { self: view.self }),
          ...(provenPort !== undefined && { provenPort }),
          ...(failure && { failure }),
          ...(used !== undefined && { lastUseAt: clock.now() - (now - used) }),
        };
      }),
      service: {
        probes,
        askers: askers.addresses,
        fromLoopback: askers.fromLoopback,
        uptimeMs: now - this.#began,
        ...(traefikPolls.last && { traefikPoll: traefikPolls.last }),
        ...(entry && { entry }),
      },
    };
  }
}
