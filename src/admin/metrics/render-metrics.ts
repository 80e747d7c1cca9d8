import type { Counter, Gauge, Histogram, Registry as PromRegistry } from "prom-client";
import { poolFacts, type PoolFacts } from "../facts/pool-facts.ts";
import { allFacts } from "../facts/read-facts.ts";
import { usualWakeMs } from "../facts/summary.ts";
import type { AdminParts } from "../parts.ts";
import { metricDefinitions, type MetricDefinition, type MetricName } from "./definitions.ts";
import type { Labels, Meter } from "./meter.ts";
import type { SleepClock } from "./sleep-clock.ts";

/** What the metrics are made of. */
export interface MetricSources {
  readonly parts: AdminParts;
  readonly meter: Meter;
  readonly sleepClock: SleepClock;
  readonly verdicts: () => Readonly<Record<string, number>>;
  /** The TCP shim's figures. */
  readonly shim: () => { readonly sessions: number; readonly bytesUp: number; readonly bytesDown: number };
}

type Instruments = Map<MetricName, Counter | Gauge | Histogram>;

/** Draws `/metrics`. The library is loaded by the first call. */
export function createMetrics(
  sources: MetricSources,
): () => Promise<{ readonly type: string; readonly text: string }> {
  let loading: Promise<{ registry: PromRegistry; instruments: Instruments }> | undefined;
  return async () => {
    loading ??= load(sources.meter);
    const { registry, instruments } = await loading;
    collect(sources, instruments);
    return { type: registry.contentType, text: await registry.metrics() };
  };
}

async function load(meter: Meter): Promise<{ registry: PromRegistry; instruments: Instruments }> {
  const prom = await import("prom-client");
  const { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } = prom.default;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const instruments: Instruments = new Map();
  for (const [key, definition] of Object.entries(metricDefinitions)) {
    const { kind, help, labels, buckets }: MetricDefinition = definition;
    const name = key as MetricName;
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (kind === "counter") instruments.set(name, new Counter(options));
    else if (kind === "gauge") instruments.set(name, new Gauge(options));
    else instruments.set(name, new Histogram({ ...options, ...(buckets && { buckets: [...buckets] }) }));
  }
  meter.drainTo((count) => {
    const instrument = instruments.get(count.name);
    if (count.kind === "inc") (instrument as Counter).inc({ ...count.labels }, count.by);
    else (instrument as Histogram).observe({ ...count.labels }, count.seconds);
  });
  return { registry, instruments };
}

/** What is read where it stands instead of being counted. */
function collect(sources: MetricSources, instruments: Instruments): void {
  const { parts, sleepClock, verdicts, shim } = sources;
  /** Gauges, and counters whose total is kept elsewhere. */
  const put = (name: MetricName, values: Iterable<readonly [labels: Labels, value: number]>): void => {
    const instrument = instruments.get(name) as Gauge & Counter;
    instrument.reset();
    for (const [labels, value] of values) instrument.inc({ ...labels }, value);
  };
  const facts = allFacts(parts);
  const states = new Map<string, number>();
  for (const { state } of facts) states.set(state, (states.get(state) ?? 0) + 1);
  put("wakegate_info", [[{ version: parts.version }, 1]]);
  put(
    "wakegate_targets",
    [...states].map(([state, n]) => [{ state }, n]),
  );
  put(
    "wakegate_target_awake",
    facts.map(({ name, state }) => [{ target: name }, state === "awake" ? 1 : 0]),
  );
  put(
    "wakegate_target_usual_wake_seconds",
    facts.flatMap(({ name, wakes }): [Labels, number][] => {
      const usual = usualWakeMs(wakes);
      return usual === undefined ? [] : [[{ target: name }, usual / 1_000]];
    }),
  );
  const sums = [...sleepClock.settleAll()];
  put(
    "wakegate_asleep_seconds_total",
    sums.map(([target, { asleepMs }]) => [{ target }, asleepMs / 1_000]),
  );
  put(
    "wakegate_awake_seconds_total",
    sums.map(([target, { awakeMs }]) => [{ target }, awakeMs / 1_000]),
  );
  put("wakegate_memory_not_held_byte_seconds_total", [
    [{}, sums.reduce((sum, [, { byteSeconds }]) => sum + byteSeconds, 0)],
  ]);
  put(
    "wakegate_verdicts_total",
    Object.entries(verdicts()).map(([verdict, n]) => [{ verdict }, n]),
  );
  const { held, streams } = parts.visitors();
  put("wakegate_held_requests", [[{}, held]]);
  put("wakegate_page_streams", [[{}, streams]]);
  put("wakegate_leases", [[{}, parts.leases.list().length]]);
  const pools = poolFacts(parts.registry);
  const poolValues = (value: (pool: PoolFacts) => number | undefined): readonly [Labels, number][] =>
    pools.flatMap((pool): [Labels, number][] => {
      const n = value(pool);
      return n === undefined ? [] : [[{ pool: pool.name }, n]];
    });
  put(
    "wakegate_pool_awake",
    poolValues(({ awake }) => awake),
  );
  put(
    "wakegate_pool_max_awake",
    poolValues(({ maxAwake }) => maxAwake),
  );
  put(
    "wakegate_pool_used_bytes",
    poolValues(({ budgetBytes, usedBytes }) => budgetBytes && usedBytes),
  );
  put(
    "wakegate_pool_budget_bytes",
    poolValues(({ budgetBytes }) => budgetBytes),
  );
  put(
    "wakegate_pool_waiting",
    poolValues(({ waiting }) => waiting.length),
  );
  const { outages } = parts.registry;
  put(
    "wakegate_engine_up",
    parts.registry.engineNames().map((engine) => [{ engine }, outages.has(engine) ? 0 : 1]),
  );
  put(
    "wakegate_notifications_waiting",
    parts.notifier.waiting.map(([channel, size]) => [{ channel }, size]),
  );
  const replicas = parts.replicas?.();
  const synced = replicas?.kind === "synced" ? replicas : undefined;
  const leads = synced?.leads === true;
  put("wakegate_shared_store_up", replicas ? [[{}, synced ? 1 : 0]] : []);
  put("wakegate_replicas", replicas ? [[{}, synced?.members.length ?? 1]] : []);
  put("wakegate_leader", replicas ? [[{}, leads ? 1 : 0]] : []);
  const figures = shim();
  put("wakegate_shim_sessions", [[{}, figures.sessions]]);
  put("wakegate_shim_bytes_total", [
    [{ direction: "up" }, figures.bytesUp],
    [{ direction: "down" }, figures.bytesDown],
  ]);
}
