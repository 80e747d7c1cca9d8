import type { Figure } from "../support/bench.ts";
import { askVerdict } from "../support/ask.ts";
import { hostOf } from "../support/engine.ts";
import { startFleet } from "../support/fleet.ts";
import { metric, until } from "../support/metrics.ts";
import { residentBytes } from "../support/process-facts.ts";
import { quantile, rounded } from "../support/statistics.ts";
import { Crowd } from "./crowd.ts";

/** Loading pages that follow one target by server-sent events while it is woken. */
export async function openPages(pages: number): Promise<Figure[]> {
  await using fleet = await startFleet({ containers: 1, running: 0 });
  const { wakegate, engine } = fleet;
  await engine.order({ kind: "answer", status: 503 });
  const token = await pageToken(wakegate.internal);
  const before = residentBytes(wakegate.pid);
  using crowd = await Crowd.open(Number(wakegate.public.split(":")[1]), pages);
  const seen = new Map<string, number[]>();
  const rest: string[] = [];
  crowd.hear((member, text, at) => {
    const events = ((rest[member] ?? "") + text).split("\n\n");
    rest[member] = events.pop() ?? "";
    for (const event of events) {
      const type = /"type":"(\w+)"/.exec(event)?.[1];
      const id = /^id: (\S+)$/m.exec(event)?.[1];
      if (type === undefined || id === undefined) continue;
      const key = `${id} ${type}`;
      const times = seen.get(key) ?? [];
      times.push(at);
      seen.set(key, times);
    }
  });
  crowd.say(
    `GET /.wakegate/events?token=${token} HTTP/1.1\r\nHost: ${hostOf(0)}\r\nAccept: text/event-stream\r\n\r\n`,
  );
  await until("all pages are open", async () => (await metric(wakegate, "wakegate_page_streams")) === pages);
  const each = (residentBytes(wakegate.pid) - before) / pages;
  // What was replayed at the opening is no event of this moment.
  seen.clear();
  await until("some events came", () => seen.size >= 2);
  await engine.order({ kind: "answer", status: 200 });
  const arrived = (): number[][] => [...seen.values()].filter((times) => times.length === pages);
  await until("all pages are told that it is ready", () =>
    [...seen].some(([key, times]) => key.endsWith(" ready") && times.length === pages),
  );
  const spreads = arrived().map((times) => Math.max(...times) - Math.min(...times));
  return [
    {
      name: `An event at all of ${pages.toLocaleString("en")} open pages, slowest event`,
      value: rounded(Math.max(...spreads)),
      unit: "ms",
      budget: { atMost: 250 },
      note: `${String(spreads.length)} events, median ${String(rounded(quantile(spreads, 0.5)))} ms, from the first page to the last`,
    },
    { name: "Memory for each open page", value: rounded(each / 1024), unit: "KB" },
  ];
}

/** Opens the page as a browser does, which wakes the target. */
async function pageToken(internal: string): Promise<string> {
  const { status, text } = await askVerdict(internal, hostOf(0), {
    Accept: "text/html",
    "Sec-Fetch-Mode": "navigate",
  });
  const token = /"token":"([\w-]+)"/.exec(text)?.[1];
  if (token === undefined) throw new Error(`no page came, but ${String(status)}`);
  return token;
}
