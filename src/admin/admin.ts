import type { Router } from "@koa/router";
import type { Settings } from "../config/model.ts";
import type { Doctor } from "../doctor/doctor.ts";
import { createTrustedPeers } from "../forward-auth/trusted-peers.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Store } from "../store/store.ts";
import type { Registry } from "../watchers/registry/registry.ts";
import { createActions } from "./api/actions.ts";
import type { AccessRules } from "./auth/access.ts";
import { createSessions } from "./auth/sessions.ts";
import { loadTokens } from "./auth/token-store.ts";
import { EventHub } from "./events/event-hub.ts";
import { AdminStreams } from "./events/event-streams.ts";
import { Leases } from "./leases.ts";
import { countMoves } from "./metrics/count-moves.ts";
import { sampleMemory } from "./metrics/memory-sampler.ts";
import type { Meter } from "./metrics/meter.ts";
import { createMetrics, type MetricSources } from "./metrics/render-metrics.ts";
import { SleepClock } from "./metrics/sleep-clock.ts";
import { whyOf } from "./facts/why-of.ts";
import { Notifier, type NotifierOptions } from "./notify/notifier.ts";
import type { AdminParts, Reload } from "./parts.ts";

/** What the admin side is built from. */
export interface AdminOptions {
  readonly settings: Settings;
  readonly registry: Registry;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the state folder: signs the dashboard's cookies. */
  readonly key: Uint8Array;
  readonly version: string;
  readonly reload?: Reload;
  readonly visitors: AdminParts["visitors"];
  readonly polls?: AdminParts["polls"];
  readonly gaps?: AdminParts["gaps"];
  readonly replicas?: AdminParts["replicas"];
  readonly mayTell?: NotifierOptions["mayTell"];
  readonly verdicts: MetricSources["verdicts"];
  readonly shim: MetricSources["shim"];
  readonly doctor: Doctor;
  /** Where engine calls were counted from the start. */
  readonly meter: Meter;
}

/** API, dashboard and metrics on the internal listener. Dispose it before the listeners. */
export interface Admin extends Disposable {
  /** For the hook of the internal app. Loads pages and API, which nobody may ever ask for. */
  readonly routes: (router: Router) => Promise<void>;
  /** Takes over changed tokens, users and trusted proxies. */
  reconfigure(settings: Settings): Promise<void>;
}

/** Builds the admin side over the watchers. A token file that cannot be read is said in the log. */
export async function createAdmin(options: AdminOptions): Promise<Admin> {
  const { registry, store, clock, log, key, version, reload, visitors, verdicts, meter } = options;
  let { settings } = options;
  const sessions = createSessions(key, clock);
  const rulesFor = async (next: Settings): Promise<AccessRules> => ({
    settings: next.api,
    tokens: await loadTokens(next.api, next.stateDir, log),
    trusted: createTrustedPeers(next.trustedProxies),
    trustedSet: next.trustedProxiesSet,
    sessions,
  });
  let rules = await rulesFor(settings);
  const stop = new AbortController();
  const hub = new EventHub(registry, clock);
  const streams = new AdminStreams(hub, clock);
  const leases = new Leases(registry, store, clock);
  const notifier = new Notifier({
    settings: settings.notify,
    registry,
    store,
    clock,
    log,
    ...(options.mayTell && { mayTell: options.mayTell }),
    evidence: (name) => {
      const watcher = registry.watcher(name);
      return watcher ? whyOf(watcher, clock.now(), options.polls?.(name)).evidence : [];
    },
    count: (channel, event, outcome) =>
      meter.inc("wakegate_notifications_total", { channel, event, outcome }),
  });
  const parts: AdminParts = {
    registry,
    store,
    clock,
    log,
    hub,
    streams,
    leases,
    settings: () => settings,
    rules: () => rules,
    ...(reload && { reload }),
    visitors,
    doctor: options.doctor,
    notifier,
    ...(options.polls && { polls: options.polls }),
    ...(options.gaps && { gaps: options.gaps }),
    ...(options.replicas && { replicas: options.replicas }),
    version,
    stopped: stop.signal,
  };
  const actions = createActions(parts);
  const sleepClock = new SleepClock(registry, clock, store);
  const memory = sampleMemory(registry, clock);
  const counting = countMoves(registry, meter, clock);
  const metrics = createMetrics({ parts, meter, sleepClock, verdicts, shim: options.shim });
  return {
    async routes(router) {
      const [{ addApiRoutes }, { addMetricsRoute }, { addDashboardRoutes }] = await Promise.all([
        import("./api/api-routes.ts"),
        import("./metrics/metrics-route.ts"),
        import("./dashboard/dashboard-routes.ts"),
      ]);
      addApiRoutes(router, parts, actions);
      addMetricsRoute(router, parts, metrics);
      addDashboardRoutes(router, parts);
    },
    async reconfigure(next) {
      const before = rules;
      rules = await rulesFor(next);
      settings = next;
      before.trusted[Symbol.dispose]();
      notifier.reconfigure(next.notify);
      hub.note({ type: "reloaded", message: "The changed configuration is in force" });
    },
    [Symbol.dispose]() {
      stop.abort(new Error("Wakegate is shutting down"));
      for (const each of [notifier, counting, memory, sleepClock]) each[Symbol.dispose]();
      streams[Symbol.dispose]();
      hub[Symbol.dispose]();
      rules.trusted[Symbol.dispose]();
    },
  };
}
