/** One metric: what `/metrics` and its reference tell of it. */
export interface MetricDefinition {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in seconds. */
  readonly buckets?: readonly number[];
}

const WAKE_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300];
const CALL_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * All metrics of Wakegate. Labels are bounded: `target` has as many values as there are targets, the others are
 * fixed words; nothing that a visitor sends is ever a label.
 */
export const metricDefinitions = {
  wakegate_info: { kind: "gauge", help: "Always 1; the version is a label.", labels: ["version"] },
  wakegate_targets: { kind: "gauge", help: "Targets in each state.", labels: ["state"] },
  wakegate_target_awake: {
    kind: "gauge",
    help: "1 while the target is awake and answers, else 0.",
    labels: ["target"],
  },
  wakegate_target_usual_wake_seconds: {
    kind: "gauge",
    help: "Median of the target's recent good wakes.",
    labels: ["target"],
  },
  wakegate_wakes_total: {
    kind: "counter",
    help: "Wakes that ended, by outcome: ready or failed.",
    labels: ["target", "outcome"],
  },
  wakegate_wake_duration_seconds: {
    kind: "histogram",
    help: "Length of good wakes from the first request to the proof that the target answers, and of their phases.",
    labels: ["phase"],
    buckets: WAKE_BUCKETS,
  },
  wakegate_wake_failures_total: {
    kind: "counter",
    help: "Failed wakes by reason.",
    labels: ["reason"],
  },
  wakegate_sleeps_total: {
    kind: "counter",
    help: "Times a target fell asleep: idle, so that others have room, by an operator, by somebody else (foreign), or by itself (exit). With replicas, one of them counts it.",
    labels: ["target", "reason"],
  },
  wakegate_sleep_failures_total: {
    kind: "counter",
    help: "Stops that did not bring the target down and were tried again.",
    labels: ["target"],
  },
  wakegate_asleep_seconds_total: {
    kind: "counter",
    help: "Time that the target slept since Wakegate started.",
    labels: ["target"],
  },
  wakegate_awake_seconds_total: {
    kind: "counter",
    help: "Time that the target was awake since Wakegate started.",
    labels: ["target"],
  },
  wakegate_memory_not_held_byte_seconds_total: {
    kind: "counter",
    help: "Memory that sleeping targets did not hold (what each held when last looked at awake), times the time they slept.",
    labels: [],
  },
  wakegate_verdicts_total: {
    kind: "counter",
    help: "Answers to forward-auth requests for targets. A held request counts as hold and again as what became of it.",
    labels: ["verdict"],
  },
  wakegate_certificate_questions_total: {
    kind: "counter",
    help: "Caddy's questions before it gets a certificate, by answer: allowed, unknown, gone, not_listed, malformed or untrusted.",
    labels: ["answer"],
  },
  wakegate_held_requests: { kind: "gauge", help: "Requests that are held for a wake now.", labels: [] },
  wakegate_page_streams: { kind: "gauge", help: "Event streams of open loading pages.", labels: [] },
  wakegate_leases: { kind: "gauge", help: "Leases held by clients of the API.", labels: [] },
  wakegate_pool_awake: {
    kind: "gauge",
    help: "Places of the pool that are taken, those of wakes under way included.",
    labels: ["pool"],
  },
  wakegate_pool_max_awake: {
    kind: "gauge",
    help: "The pool's max_awake, where it has one.",
    labels: ["pool"],
  },
  wakegate_pool_used_bytes: {
    kind: "gauge",
    help: "What those who are awake or paused take of the pool's budget, where it has one.",
    labels: ["pool"],
  },
  wakegate_pool_budget_bytes: {
    kind: "gauge",
    help: "The pool's budget, where it has one.",
    labels: ["pool"],
  },
  wakegate_pool_waiting: { kind: "gauge", help: "Targets that wait for room in the pool.", labels: ["pool"] },
  wakegate_pool_yields_total: {
    kind: "counter",
    help: "Times a target of the pool was put to sleep because others needed its room.",
    labels: ["pool"],
  },
  wakegate_engine_up: {
    kind: "gauge",
    help: "1 while the engine answers, else 0.",
    labels: ["engine"],
  },
  wakegate_shared_store_up: {
    kind: "gauge",
    help: "1 while the shared store is reachable and usable, else 0. Absent on a single instance.",
    labels: [],
  },
  wakegate_replicas: {
    kind: "gauge",
    help: "Number of replicas known to this one, itself included. Absent on a single instance.",
    labels: [],
  },
  wakegate_leader: {
    kind: "gauge",
    help: "1 on the replica that puts targets to sleep, else 0. The sum is 0 while sleeping is suspended. Absent on a single instance.",
    labels: [],
  },
  wakegate_engine_calls_total: {
    kind: "counter",
    help: "Calls to engines, by call and outcome: ok or the error's code.",
    labels: ["engine", "call", "outcome"],
  },
  wakegate_engine_call_duration_seconds: {
    kind: "histogram",
    help: "Length of calls to engines.",
    labels: ["engine", "call"],
    buckets: CALL_BUCKETS,
  },
  wakegate_notifications_total: {
    kind: "counter",
    help: "Messages by channel, by event as in notify.events (test: a trial) and by outcome: sent, refused by the receiver, given_up after an hour, or dropped because too many waited.",
    labels: ["channel", "event", "outcome"],
  },
  wakegate_notifications_waiting: {
    kind: "gauge",
    help: "Messages that are to be sent, the one under way included.",
    labels: ["channel"],
  },
  wakegate_shim_sessions: { kind: "gauge", help: "TCP sessions open through the shim.", labels: [] },
  wakegate_shim_bytes_total: {
    kind: "counter",
    help: "Bytes through the TCP shim: up to the targets, down to the clients.",
    labels: ["direction"],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Names of all metrics. */
export type MetricName = keyof typeof metricDefinitions;
