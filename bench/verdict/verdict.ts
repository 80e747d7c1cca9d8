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
/** How many of a fleet's targets are awake and asked, evenly in turn. */
const AWAKE = 1_000;

/** Rules as users write them, of every kind of condition; none of them matches. */
const RULES = `defaults: {
  rules: {
    watch: { match: { paths: [/status.php, /api/health/*], methods: [HEAD, GET] }, wakes: false },
    agents: { match: { user_agents: ["*mirall*", "curl/*"] }, counts: false },
    lan: { match: { clients: [172.18.0.0/16] }, wakes: false },
    header: { match: { headers: { X-Requested-With: "dashboard*" } }, counts: false } } }
`;

type Who = "bare" | "10 targets" | "1,000 targets" | "10,000 targets" | "rules";

/** The warm verdict: what every request to an app that is awake pays. */
export const verdict: Bench = {
  name: "verdict",
  summary: "throughput, CPU, latency and memory of the warm verdict, against a bare node:http server",
  async run({ brief, say }) {
    const stack = new AsyncStack();
    await using _stack = stack;
    const bare = stack.use(await startBareServer());
    const fleets: [Who, Fleet, number][] = [];
    const add = async (who: Who, containers: number, yaml?: string): Promise<void> => {
      const running = Math.min(containers, brief ? 10 : AWAKE);
      const nodeArgs = who === "10 targets" ? HEAP_PROBE : [];
      const fleet = await startFleet({ containers, running, nodeArgs, ...(yaml !== undefined && { yaml }) });
      fleets.push([who, stack.use(fleet), running]);
      say(`${who}: ready`);
    };
    await add("10 targets", 10);
    await add("rules", 10, RULES);
    await add("1,000 targets", brief ? 20 : 1_000);
    await add("10,000 targets", brief ? 50 : 10_000);

    const open = async (connections: number): Promise<(Contestant & { readonly name: Who })[]> => {
      const asked = fleets.map(async ([name, { wakegate, port }, running]) => {
        const load = stack.use(await HttpLoad.open(port, connections, verdictRequests(running)));
        return { name, pids: [wakegate.pid], load };
      });
      const load = stack.use(await HttpLoad.open(bare.port, connections, verdictRequests(10)));
      return [{ name: "bare", pids: [bare.pid], load }, ...(await Promise.all(asked))];
    };
    const busy = await open(CONNECTIONS);
    // Until everything that a JIT compiler does has been done.
    await contest(busy, { rounds: brief ? 1 : 15, requests: brief ? 100 : 4_000 });
    say("warmed up");
    const standings = await contest(busy, { rounds: brief ? 3 : 80, requests: brief ? 200 : 2_000 });
    say("throughput: done");
    const latencies = await latenciesOf(await open(QUIET_CONNECTIONS), brief ? 200 : 20_000);
    say("latency: done");
    const flat = await flatness(busy, fleets, brief ? 2_000 : MANY);
    const figures = [...throughputFigures(standings), ...latencies, ...flat];
    return { figures, charts: [chartOf(standings)], notes: NOTES };
  },
};

const NOTES = [
  `Requests as Traefik sends them with all headers of a browser, 1.5 KB of cookies among them, over ${String(CONNECTIONS)} keep-alive connections; the bare server gets the same bytes and answers an empty 200.`,
  "Throughput on one core is what CPU time per request allows; CPU time is read from the kernel, all threads of the process, in turns of 2,000 requests.",
  `Of the fleets of 1,000 and 10,000, 1,000 are awake and asked evenly; the others sleep.`,
];

function throughputFigures(standings: Readonly<Record<Who, Standing>>): Figure[] {
  const { bare, rules } = standings;
  const ten = standings["10 targets"];
  const ratio = (name: string, subject: Standing, reference: Standing, atLeast?: number): Figure => ({
    name,
    value: rounded(throughputOf(subject, reference)),
    unit: "x",
    ...(atLeast !== undefined && { budget: { atLeast } }),
  });
  return [
    ratio("Throughput on one core with 10 targets, of bare node:http", ten, bare, 0.85),
    ratio("Throughput with four rules of the user's own, of bare node:http", rules, bare),
    ratio("Throughput with 1,000 targets, of that with 10", standings["1,000 targets"], ten),
    ratio("Throughput with 10,000 targets, of that with 10", standings["10,000 targets"], ten, 0.95),
    ...Object.entries(standings).map(([who, { cpuUsPerRequest }]) => ({
      name: `CPU per request, ${who}`,
      value: rounded(cpuUsPerRequest),
      unit: "us",
    })),
  ];
}

/** In turns of a hundred, so that both meet the same weather. */
async function latenciesOf(
  contestants: readonly (Contestant & { readonly name: Who })[],
  requests: number,
): Promise<Figure[]> {
  const both = contestants.filter(({ name }) => name === "bare" || name === "10 targets");
  const seen = new Map<Who, number[]>();
  for (let done = 0; done < requests; done += 100) {
    for (const { name, load } of both) {
      const { latenciesUs } = await load.run({ requests: 100, latencies: true });
      seen.set(name, [...(seen.get(name) ?? []), ...latenciesUs]);
    }
  }
  return [...seen].flatMap(([who, all]) =>
    ([0.5, 0.99, 0.999] as const).map((part) => ({
      name: `Latency p${String(part * 100)}, ${who}`,
      value: rounded(quantile(all, part)),
      unit: "us",
    })),
  );
}

/** The heap after a collection, before and after a million requests. */
async function flatness(
  contestants: readonly Contestant[],
  fleets: readonly (readonly [Who, Fleet, number])[],
  requests: number,
): Promise<Figure[]> {
  const fleet = fleets.find(([who]) => who === "10 targets")?.[1];
  const load = contestants.find(({ name }) => name === "10 targets")?.load;
  if (!fleet || !load) throw new Error("the small fleet is missing");
  const { wakegate } = fleet;
  const before = await heapBytes(wakegate);
  await fleet.engine.order({ kind: "forget-calls" });
  await load.run({ requests });
  const after = await heapBytes(wakegate);
  const later = await fleet.engine.order({ kind: "calls" });
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

function chartOf(standings: Readonly<Record<Who, Standing>>): Chart {
  const bars = Object.entries(standings).map(([label, { cpuUsPerRequest }]) => {
    return { label, value: rounded(cpuUsPerRequest) };
  });
  return { title: "CPU time per warm verdict", unit: "us", bars };
}
