import { setTimeout as pause } from "node:timers/promises";
import { AsyncStack } from "../../src/lib/disposables.ts";
import { startBareServer } from "../support/bare-server.ts";
import type { Bench, Chart, Figure } from "../support/bench.ts";
import { contest, throughputOf, type Contestant, type Standing } from "../support/contest.ts";
import { heapBytes, HEAP_PROBE, startFleet, type Fleet } from "../support/fleet.ts";
import { HttpLoad } from "../support/http-load.ts";
import { residentBytes } from "../support/process-facts.ts";
import { quantile, rounded } from "../support/statistics.ts";
import { verdictRequests } from "./requests.ts";

const CONNECTIONS = 32;
/** So many wait at once where latency is measured: neither side is saturated. */
const QUIET_CONNECTIONS = 4;
/** Requests between two readings of the heap. */
const MANY = 1_000_000;
/** How many of a fleet's targets are awake. */
const AWAKE = 1_000;
/** How many of them are asked, in turn. */
const ASKED = 10;
/** What is asked of the engine a minute after a wake has been asked by then. */
const SAMPLED_WITHIN_MS = 90_000;

/** Rules as users write them, of every kind of condition; none of them matches. */
const RULES = `defaults: {
  rules: {
    watch: { match: { paths: [/status.php, /api/health/*], methods: [HEAD, GET] }, wakes: false },
    agents: { match: { user_agents: ["*mirall*", "curl/*"] }, counts: false },
    lan: { match: { clients: [172.18.0.0/16] }, wakes: false },
    header: { match: { headers: { X-Requested-With: "dashboard*" } }, counts: false } } }
`;

type Who =
  "bare" | "10 targets" | "rules" | "1,000 targets" | "10,000 targets" | "1,000 targets asked of 10,000";

/** The warm verdict: what every request to an app that is awake pays. */
export const verdict: Bench = {
  name: "verdict",
  summary: "throughput, CPU, latency and memory of the warm verdict, against a bare node:http server",
  async run({ brief, say }) {
    const stack = new AsyncStack();
    await using _stack = stack;
    const add = async (who: Who, containers: number, yaml?: string): Promise<Served> => {
      const running = Math.min(containers, brief ? 10 : AWAKE);
      const nodeArgs = who === "10 targets" ? HEAP_PROBE : [];
      const options = { containers, running, nodeArgs, ...(yaml !== undefined && { yaml }) };
      const fleet = stack.use(await startFleet(options));
      say(`${who}: ready`);
      const { wakegate, port } = fleet;
      const open = (connections: number): Promise<HttpLoad> =>
        HttpLoad.open(port, connections, verdictRequests(ASKED));
      return { name: who, pid: wakegate.pid, fleet, open };
    };
    const bare = stack.use(await startBareServer());
    const reference: Side = {
      name: "bare",
      pid: bare.pid,
      open: (connections) => HttpLoad.open(bare.port, connections, verdictRequests(ASKED)),
    };
    const ten = await add("10 targets", 10);
    const rules = await add("rules", 10, RULES);
    const standings = await compare([reference, ten, rules], brief);
    say("throughput: done");
    const latencies = await latenciesOf([reference, ten], brief ? 200 : 20_000);
    say("latency: done");
    const flat = await flatness(ten, brief ? 2_000 : MANY, brief);
    say("memory: done");
    // Only now: what they keep in the caches of the processor is not the small fleet's cost.
    const thousand = await add("1,000 targets", brief ? 20 : 1_000);
    const many = await add("10,000 targets", brief ? 50 : 10_000);
    const wide: Side = {
      ...many,
      name: "1,000 targets asked of 10,000",
      open: (connections) => HttpLoad.open(many.fleet.port, connections, verdictRequests(brief ? 10 : AWAKE)),
    };
    const fleets = await compare([ten, thousand, many, wide], brief);
    const figures = [...throughputFigures(standings, fleets), ...latencies, ...flat];
    return { figures, charts: [chartOf({ ...standings, ...fleets, ...standings })], notes: NOTES };
  },
};

const NOTES = [
  `Requests as Traefik sends them with all headers of a browser, 1.5 KB of cookies among them, over ${String(CONNECTIONS)} keep-alive connections; the bare server gets the same bytes and answers an empty 200.`,
  "Throughput on one core is what CPU time per request allows; CPU time is read from the kernel, all threads of the process, in turns of 2,000 requests.",
  "The small fleets meet the bare server before the large ones are started, so that nobody else's memory is in the caches.",
  "Of the fleets of 1,000 and 10,000, 1,000 are awake, the others sleep. All are asked for the same ten hosts, so that what differs is the number of targets. Where 1,000 are asked in turn, what is known of each has left the processor's caches before it is asked for again.",
];

/** Somebody to ask. */
interface Side {
  readonly name: Who;
  readonly pid: number;
  readonly open: (connections: number) => Promise<HttpLoad>;
}

interface Served extends Side {
  readonly fleet: Fleet;
}

type Standings = Readonly<Partial<Record<Who, Standing>>>;

/** Connections are open for as long as they are used: both sides cut those that are idle. */
async function opened<Result>(
  sides: readonly Side[],
  connections: number,
  use: (all: readonly (Contestant & { readonly name: Who })[]) => Promise<Result>,
): Promise<Result> {
  await using loads = new AsyncStack();
  const open = sides.map(async ({ name, pid, open: dial }) => ({
    name,
    pids: [pid],
    load: loads.use(await dial(connections)),
  }));
  return await use(await Promise.all(open));
}

function compare(sides: readonly Side[], brief: boolean): Promise<Standings> {
  return opened(sides, CONNECTIONS, async (busy) => {
    // Until everything that a JIT compiler does has been done.
    await contest(busy, { rounds: brief ? 1 : 15, requests: brief ? 100 : 4_000 });
    return contest(busy, { rounds: brief ? 3 : 80, requests: brief ? 200 : 2_000 });
  });
}

function throughputFigures(alone: Standings, fleets: Standings): Figure[] {
  const ratio = (
    name: string,
    of: Standings,
    [who, whose]: readonly [Who, Who],
    atLeast?: number,
  ): Figure => {
    const [subject, reference] = [of[who], of[whose]];
    if (!subject || !reference) throw new Error(`${who} or ${whose} took no part`);
    return {
      name,
      value: rounded(throughputOf(subject, reference)),
      unit: "x",
      ...(atLeast !== undefined && { budget: { atLeast } }),
    };
  };
  return [
    ratio("Throughput on one core with 10 targets, of bare node:http", alone, ["10 targets", "bare"], 0.85),
    ratio("Throughput with four rules of the user's own, of bare node:http", alone, ["rules", "bare"]),
    ratio("Throughput with 1,000 targets, of that with 10", fleets, ["1,000 targets", "10 targets"]),
    ratio("Throughput with 10,000 targets, of that with 10", fleets, ["10,000 targets", "10 targets"], 0.95),
    ratio("Throughput with 1,000 of 10,000 targets asked in turn, of that with 10", fleets, [
      "1,000 targets asked of 10,000",
      "10 targets",
    ]),
    ...Object.entries({ ...alone, ...fleets, ...alone }).map(([who, { cpuUsPerRequest }]) => ({
      name: `CPU per request, ${who}`,
      value: rounded(cpuUsPerRequest),
      unit: "us",
    })),
  ];
}

/** In turns of a hundred, so that both meet the same weather. */
async function latenciesOf(both: readonly Side[], requests: number): Promise<Figure[]> {
  const seen = new Map<Who, number[]>();
  await opened(both, QUIET_CONNECTIONS, async (open) => {
    for (let done = 0; done < requests; done += 100) {
      for (const { name, load } of open) {
        const { latenciesUs } = await load.run({ requests: 100, latencies: true });
        seen.set(name, [...(seen.get(name) ?? []), ...latenciesUs]);
      }
    }
  });
  return [...seen].flatMap(([who, all]) =>
    ([0.5, 0.99, 0.999] as const).map((part) => ({
      name: `Latency p${String(part * 100)}, ${who}`,
      value: rounded(quantile(all, part)),
      unit: "us",
    })),
  );
}

/** The heap after a collection, before and after a million requests. */
async function flatness(ten: Served, requests: number, brief: boolean): Promise<Figure[]> {
  const { wakegate, engine } = ten.fleet;
  // A minute after each wake its memory is asked for, once, whether anybody asks for a verdict or not.
  if (!brief) await callsOf(engine, "/stats", SAMPLED_WITHIN_MS);
  const before = await heapBytes(wakegate);
  await engine.order({ kind: "forget-calls" });
  await opened([ten], CONNECTIONS, async ([load]) => load?.load.run({ requests }));
  const after = await heapBytes(wakegate);
  const later = await engine.order({ kind: "calls" });
  const engineCalls = Object.values(later.calls).reduce((sum, count) => sum + count, 0);
  const mb = (bytes: number): number => rounded(bytes / 1024 ** 2);
  return [
    {
      name: `Heap growth over ${requests.toLocaleString("en")} requests`,
      value: mb(after - before),
      unit: "MB",
      budget: { atMost: 2 },
      note: `after a collection each: ${String(mb(before))} MB before`,
    },
    {
      name: "Engine calls during these",
      value: engineCalls,
      unit: "calls",
      budget: { atMost: 0 },
      ...(engineCalls > 0 && { note: JSON.stringify(later.calls) }),
    },
    { name: "Resident memory after these", value: mb(residentBytes(wakegate.pid)), unit: "MB" },
  ];
}

/** Waits until every target of the small fleet was asked for by such a call. */
async function callsOf(engine: Fleet["engine"], path: string, withinMs: number): Promise<void> {
  for (const giveUp = Date.now() + withinMs; Date.now() < giveUp; await pause(1_000)) {
    const { calls } = await engine.order({ kind: "calls" });
    if (Object.keys(calls).filter((call) => call.endsWith(path)).length >= 10) return;
  }
}

function chartOf(standings: Standings): Chart {
  const bars = Object.entries(standings).map(([label, { cpuUsPerRequest }]) => {
    return { label, value: rounded(cpuUsPerRequest) };
  });
  return { title: "CPU time per warm verdict", unit: "us", bars };
}
