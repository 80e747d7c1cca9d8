import { setTimeout as pause } from "node:timers/promises";
import { between, chance } from "./dice.ts";
import { NAVIGATION, wrongWith, type Gate } from "./gate.ts";
import type { Reply } from "./call.ts";
import type { SoakApp } from "./app.ts";
import type { Tally } from "./tally.ts";
import type { SoakWorld } from "./world.ts";

const PAGE_PATIENCE_MS = 60_000;
const STREAM_PATIENCE_MS = 20_000;

/** What visits are made with. */
export interface Stage {
  readonly world: SoakWorld;
  readonly gate: Gate;
  readonly tally: Tally;
}

/** A request of a program: passes, or is held until the app is up. */
export async function request(
  stage: Stage,
  app: SoakApp,
  kind: string,
  asking: Promise<Reply>,
): Promise<void> {
  const { world, tally } = stage;
  const began = Date.now();
  const reply = await asking;
  const wrong = wrongWith(app, reply, began, world.isCalm(app));
  if (wrong === undefined) tally.good(kind);
  else if (wrong.late) tally.late(kind, wrong.why);
  else tally.bad(kind, wrong.why);
}

/** A browser: the loading page, then its polls or its stream, then the app. */
export async function browse(stage: Stage, app: SoakApp, how: "poll" | "stream"): Promise<void> {
  const { gate, tally, world } = stage;
  const began = Date.now();
  const page = await gate.verdict(app.host, { headers: NAVIGATION });
  // A page is a fine answer; that nobody is let through too early is judged all the same.
  const wrong = wrongWith(app, page, began, false);
  if (wrong !== undefined) return tally[wrong.late ? "late" : "bad"]("page", wrong.why);
  tally.good("page");
  if (page.status !== 503) return;
  const data = dataOf(page.body);
  if (!data) return tally.bad("page", `${app.name}: a page without data: ${page.body.slice(0, 80)}`);
  const came = how === "poll" ? await poll(gate, app, data) : await follow(gate, data.token);
  if (came === "ready") {
    tally.good(how);
    await request(stage, app, "after-page", gate.verdict(app.host));
  } else if (world.isCalm(app) && came === "late") tally.late(how, `${app.name} never became ready`);
  else tally.good(`${how} (${came})`);
}

interface PageData {
  readonly token: string;
  readonly since: string;
}

function dataOf(html: string): PageData | undefined {
  const text = /<script type="application\/json" id="data">([^<]*)</.exec(html)?.[1];
  return text === undefined ? undefined : (JSON.parse(text) as PageData);
}

/** Long polls through the app's own host. */
async function poll(
  gate: Gate,
  app: SoakApp,
  { token, since }: PageData,
): Promise<"ready" | "late" | "error"> {
  const giveUp = Date.now() + PAGE_PATIENCE_MS;
  while (Date.now() < giveUp) {
    const uri = `/.wakegate/status?token=${encodeURIComponent(token)}&since=${encodeURIComponent(since)}`;
    const { body } = await gate.verdict(app.host, { uri });
    const news = JSON.parse(body) as { state?: string; token?: string; lastEventId?: string };
    if (news.state === "ready") return "ready";
    if (news.state === "error" || news.state === "missing" || news.state === undefined) return "error";
    token = news.token ?? token;
    since = news.lastEventId ?? since;
    await pause(50);
  }
  return "late";
}

/** The event stream on the public listener. */
async function follow(gate: Gate, token: string): Promise<"ready" | "left" | "error"> {
  const signal = AbortSignal.timeout(STREAM_PATIENCE_MS);
  try {
    const path = `/.wakegate/events?token=${encodeURIComponent(token)}`;
    const { body } = await gate.pool.ask(gate.public, path, { signal, enough: (text) => ENDS.test(text) });
    return body.includes('"type":"ready"') ? "ready" : "error";
  } catch {
    return "left";
  }
}

const ENDS = /"type":"(ready|error)"/;

/** A visitor who leaves before the answer. */
export async function leave({ gate, tally }: Stage, app: SoakApp): Promise<void> {
  const gone = new AbortController();
  const asking = gate.verdict(app.host, { signal: gone.signal }).catch(() => undefined);
  await pause(between(5, 300));
  gone.abort();
  await asking;
  tally.good("left");
}

/** The handshake of a WebSocket, after which nothing of it is seen any more. */
export async function handshake(stage: Stage, app: SoakApp): Promise<void> {
  const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
  await request(stage, app, "websocket", stage.gate.verdict(app.host, { headers }));
}

/** A host that is nobody's. */
export async function stray({ gate, tally }: Stage): Promise<void> {
  const host = `${Math.random().toString(36).slice(2)}.example.org`;
  const { status } = await gate.verdict(host, { ...(chance(0.5) && { headers: NAVIGATION }) });
  if (status === 200) tally.good("unknown host");
  else tally.bad("unknown host", `answered ${String(status)}`);
}
