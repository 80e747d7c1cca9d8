import type { TargetSpec } from "../../config/model.ts";
import type { Probes, ProbeSession } from "../../forward-auth/probes.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Probed, ProxyScene, Reply, Scene } from "../scene.ts";
import { entriesOf, entryText, type Entry } from "./entries.ts";
import { inParallel } from "./in-parallel.ts";
import { sendProbe } from "./send-probe.ts";

/** What the prober works with. */
export interface ProbeInput {
  readonly given?: Entry;
  readonly probes: Pick<Probes, "open">;
  readonly engines: Scene["engines"];
  readonly targets: readonly TargetSpec[];
  readonly askers: readonly string[];
  readonly fromLoopback: boolean;
  readonly clock: Clock;
}

/** More hosts say nothing new, and take time. */
const MOST_TARGETS = 60;

/** Finds the proxy and asks it for each target's host. Neither wakes anything nor counts as use. */
export async function probeAll(input: ProbeInput, signal: AbortSignal): Promise<ProxyScene> {
  const asked = input.targets.flatMap((spec) => visitOf(spec) ?? []).slice(0, MOST_TARGETS);
  const { askers, fromLoopback } = input;
  const base = { kind: "asked", askers, fromLoopback } as const;
  const [first] = asked;
  if (!first) return { ...base, missed: [], probes: [] };
  using session = input.probes.open();
  const { entry, missed } = await findEntry(input, session, first, signal);
  if (!entry) return { ...base, missed, probes: [] };
  const probes = await inParallel(asked, async (visit): Promise<Probed> => {
    const ask = (path: string, id: string): Promise<Reply> =>
      sendProbe(entry, { host: visit.host, path, secret: session.secret(id) }, input.clock, signal);
    const [reply, own] = await Promise.all([
      ask(visit.path, visit.target),
      ask("/.wakegate/events", `${visit.target}/own`),
    ]);
    return { ...visit, reply, arrivals: [], own: { reply: own, arrivals: [] } };
  });
  const arrived = (id: string): ProbeSession["arrivals"] =>
    session.arrivals.filter(({ probe }) => probe === id);
  return {
    ...base,
    entry: entryText(entry),
    missed,
    probes: probes.map((probed) => ({
      ...probed,
      arrivals: arrived(probed.target),
      own: { ...probed.own, arrivals: arrived(`${probed.target}/own`) },
    })),
  };
}

interface Visit {
  readonly target: string;
  readonly host: string;
  readonly path: string;
}

/** A host that leads to the target; of a wildcard, one that nobody has. */
function visitOf({ name, routes }: TargetSpec): Visit | undefined {
  const route = routes.find(({ host }) => !host.startsWith("*")) ?? routes[0];
  return route && { target: name, host: route.host.replace(/^\*/, "wakegate-doctor"), path: route.prefix };
}

/** The first place where anybody answers in HTTP. */
async function findEntry(
  { given, engines, askers, fromLoopback, clock }: ProbeInput,
  session: ProbeSession,
  { host, path }: Visit,
  signal: AbortSignal,
): Promise<{ readonly entry?: Entry; readonly missed: readonly string[] }> {
  const missed: string[] = [];
  const entries = entriesOf({ ...(given && { given }), engines, askers, fromLoopback, host });
  for (const entry of entries) {
    const reply = await sendProbe(entry, { host, path, secret: session.secret("?") }, clock, signal);
    if (reply.kind === "answered") return { entry, missed };
    missed.push(`${entryText(entry)}: ${reply.message}`);
  }
  return { missed };
}
