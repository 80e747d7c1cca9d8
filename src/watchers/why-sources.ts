import type { Evidence, Source } from "./activity/evidence.ts";
import { span } from "./say.ts";
import type { WhyInput } from "./why.ts";

/** One source of evidence, as it is shown. */
export interface WhySource {
  readonly source: Source | "request";
  readonly label: string;
  /** It holds the target awake now. */
  readonly holds: boolean;
  readonly kind: Evidence["kind"];
  readonly text: string;
  readonly numbers?: Readonly<Record<string, number>>;
  readonly who?: readonly string[];
}

const LABELS: Readonly<Record<Source, string>> = {
  connections: "Open connections",
  session: "Sessions",
  network: "Network",
  cpu: "CPU",
  caddy: "Caddy",
  busy_check: "Busy check",
  exec: "Commands inside",
  needed: "Needed by",
  lease: "In use by",
  replicas: "Other Wakegates",
  pin: "Pin",
  schedule: "Schedule",
  uptime: "Minimum uptime",
  exempt: "Never asleep",
  lock: "Locked",
};

/** Shown even when nothing is known of them. */
const ALWAYS: readonly Source[] = ["connections", "network", "cpu", "needed", "pin", "schedule"];
const SILENT: Partial<Readonly<Record<Source, string>>> = {
  needed: "nobody",
  pin: "none",
  schedule: "nothing now",
};

/** All sources in the order of the page: the last request, what the last look found, what is ordered. Pure. */
export function sourcesOf(input: WhyInput): readonly WhySource[] {
  const { state, lastLook, holders, uptime } = input;
  const known = [...(lastLook?.evidence ?? []), ...holders, ...(uptime ? [uptime] : [])];
  const order = Object.keys(LABELS) as Source[];
  const lines = order.flatMap((source) => {
    // Of two windows the last one counts.
    const found = known.filter((evidence) => evidence.source === source);
    const shown = source === "lease" || found.length === 0 ? found : found.slice(-1);
    if (shown.length === 0 && ALWAYS.includes(source)) return [silent(source, input)];
    return shown.map(lineOf);
  });
  return state.kind === "ready" ? [requestLine(input), ...lines] : lines;
}

function lineOf({ source, kind, detail, numbers, who }: Evidence): WhySource {
  const label = LABELS[source];
  const more = { ...(numbers && { numbers }), ...(who && { who }) };
  return { source, label, holds: kind === "in-use", kind, text: detail, ...more };
}

function silent(source: Source, { sees, lastLook }: WhyInput): WhySource {
  const words = SILENT[source];
  if (words !== undefined) return { source, label: LABELS[source], holds: false, kind: "quiet", text: words };
  const blind = source === "connections" ? !sees.connections : !sees.counters;
  const text = blind ? "cannot be read" : lastLook ? "not asked in the last look" : "not asked yet";
  return { source, label: LABELS[source], holds: false, kind: blind ? "blind" : "quiet", text };
}

function requestLine({ sinceRequestMs, lastUse, dueInMs }: WhyInput): WhySource {
  const who = lastUse?.client;
  const by = [who, lastUse?.path].filter(Boolean).join(" ");
  return {
    source: "request",
    label: "Last request",
    holds: dueInMs !== undefined && dueInMs > 0,
    kind: "quiet",
    text:
      sinceRequestMs === undefined
        ? "none since Wakegate started"
        : `${span(sinceRequestMs)} ago${by && `, ${by}`}`,
    ...(who !== undefined && { who: [who] }),
  };
}
