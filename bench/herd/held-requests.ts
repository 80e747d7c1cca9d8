import type { Figure } from "../support/bench.ts";
import { startFleet } from "../support/fleet.ts";
import { metric, until } from "../support/metrics.ts";
import { median, rounded } from "../support/statistics.ts";
import { verdictRequests } from "../verdict/requests.ts";
import { Crowd } from "./crowd.ts";

/** First requests of many clients for one sleeping target, held until its app answers. */
export async function heldRequests(waiters: number, rounds: number): Promise<Figure[]> {
  await using fleet = await startFleet({
    containers: rounds,
    running: 0,
    yaml: "wake_rate: { per_client: off, per_target: off }",
  });
  const { wakegate, engine, port } = fleet;
  const spreads: number[] = [];
  let most = 0;
  for (let round = 0; round < rounds; round++) {
    await engine.order({ kind: "answer", status: 503 });
    await engine.order({ kind: "forget-calls" });
    using crowd = await Crowd.open(port, waiters);
    const times: number[] = [];
    crowd.hear((_, text, at) => {
      if (!text.startsWith("HTTP/1.1 200")) throw new Error(`unexpected answer: ${text}`);
      times.push(at);
    });
    crowd.say(verdictRequests(rounds)[round] ?? "");
    await until("all are held", async () => (await metric(wakegate, "wakegate_held_requests")) === waiters);
    await engine.order({ kind: "answer", status: 200 });
    await until("all are let through", () => times.length === waiters);
    spreads.push(Math.max(...times) - Math.min(...times));
    const { calls } = await engine.order({ kind: "calls" });
    const starts = Object.entries(calls).filter(([call]) => call.endsWith("/start"));
    most = Math.max(most, ...starts.map(([, count]) => count));
  }
  const many = waiters.toLocaleString("en");
  return [
    {
      name: `Start calls for ${many} first requests at once`,
      value: most,
      unit: "calls",
      budget: { atMost: 1 },
    },
    {
      name: `From the first to the last of ${many} released requests`,
      value: rounded(median(spreads)),
      unit: "ms",
      budget: { atMost: 50 },
      note: `best ${String(rounded(Math.min(...spreads)))} ms of ${String(rounds)}`,
    },
  ];
}
