import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { AsyncStack } from "../../src/lib/disposables.ts";
import { missing } from "../../test/support/require.ts";
import { startBareServer } from "../support/bare-server.ts";
import type { Bench, Figure } from "../support/bench.ts";
import { contest } from "../support/contest.ts";
import { hostOf } from "../support/engine.ts";
import { startFleet } from "../support/fleet.ts";
import { HttpLoad } from "../support/http-load.ts";
import { until } from "../support/metrics.ts";
import { median, quantile, rounded } from "../support/statistics.ts";
import { PROXIES, startTwoDoors } from "./proxies.ts";

const CONNECTIONS = 16;

/** What a user pays for each request to an app that is awake: the same proxy with and without Wakegate. */
export const proxied: Bench = {
  name: "proxied",
  summary: "requests through real Traefik, Caddy and nginx, with and without Wakegate",
  async run({ brief, say }) {
    const stack = new AsyncStack();
    await using _stack = stack;
    const app = stack.use(await startBareServer());
    const fleet = stack.use(await startFleet({ containers: 10, running: 10 }));
    const request = Buffer.from(
      `GET /api/items HTTP/1.1\r\nHost: ${hostOf(0)}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\nAccept: */*\r\nCookie: ${"session=0123456789abcdef; ".repeat(60)}a=b\r\n\r\n`,
    );
    const figures: Figure[] = [];
    const notes = [
      "One HTTP request through the proxy to an app that answers an empty 200, straight and with Wakegate asked first; in turns. Proxies run on one core (GOMAXPROCS=1, one nginx worker).",
    ];
    const bars: { label: string; value: number }[] = [];
    for (const name of PROXIES) {
      const lacking = missing(name);
      if (lacking !== undefined) {
        notes.push(`${name} was left out: ${lacking}.`);
        continue;
      }
      await using proxy = await startTwoDoors(name, { app: app.port, wakegate: fleet.port });
      // Traefik listens before it has read its routes.
      for (const port of [proxy.direct, proxy.guarded]) await until(`${name} is up`, () => passes(port));
      using direct = await HttpLoad.open(proxy.direct, CONNECTIONS, [request]);
      using guarded = await HttpLoad.open(proxy.guarded, CONNECTIONS, [request]);
      const contestants = [
        { name: "direct" as const, pids: [proxy.pid], load: direct },
        { name: "guarded" as const, pids: [proxy.pid, fleet.wakegate.pid], load: guarded },
      ];
      const requests = brief ? 100 : 1_000;
      await contest(contestants, { rounds: brief ? 1 : 4, requests });
      const standings = await contest(contestants, { rounds: brief ? 2 : 24, requests });
      const added = median(
        standings.guarded.rounds.map(
          ({ cpuUs }, round) => cpuUs - (standings.direct.rounds[round]?.cpuUs ?? Number.NaN),
        ),
      );
      const [plain, asked] = await quietLatencies(proxy.direct, proxy.guarded, request, brief ? 100 : 4_000);
      figures.push(
        {
          name: `${name}: CPU per request, straight`,
          value: rounded(standings.direct.cpuUsPerRequest),
          unit: "us",
        },
        {
          name: `${name}: CPU that Wakegate adds, the proxy's own part included`,
          value: rounded(added),
          unit: "us",
        },
        { name: `${name}: latency p50, straight`, value: rounded(quantile(plain, 0.5)), unit: "us" },
        { name: `${name}: latency p50, with Wakegate`, value: rounded(quantile(asked, 0.5)), unit: "us" },
        { name: `${name}: latency p99, straight`, value: rounded(quantile(plain, 0.99)), unit: "us" },
        { name: `${name}: latency p99, with Wakegate`, value: rounded(quantile(asked, 0.99)), unit: "us" },
      );
      bars.push(
        { label: `${name}, straight`, value: rounded(quantile(plain, 0.5)) },
        { label: `${name}, with Wakegate`, value: rounded(quantile(asked, 0.5)) },
      );
      say(`${name}: done`);
    }
    if (figures.length === 0)
      throw new Error("there is no proxy on this machine: install traefik, caddy or nginx");
    return { figures, charts: [{ title: "Median latency through the proxy", unit: "us", bars }], notes };
  },
};

async function passes(port: number): Promise<boolean> {
  const call = httpRequest({ host: "127.0.0.1", port, headers: { Host: hostOf(0) }, agent: false }).end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode === 200;
}

/** One request at a time, in turns of fifty. */
async function quietLatencies(
  direct: number,
  guarded: number,
  request: Buffer,
  requests: number,
): Promise<readonly [number[], number[]]> {
  using one = await HttpLoad.open(direct, 1, [request]);
  using other = await HttpLoad.open(guarded, 1, [request]);
  const seen: [number[], number[]] = [[], []];
  for (let done = 0; done < requests; done += 50) {
    for (const [index, load] of [one, other].entries()) {
      const { latenciesUs } = await load.run({ requests: 50, latencies: true });
      seen[index]?.push(...latenciesUs);
    }
  }
  return seen;
}
