import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { WakegateError } from "../../errors.ts";
import { viewOf } from "../../forward-auth/page/model.ts";
import { createPageRenderer, type PageRenderer } from "../../forward-auth/page/render.ts";
import { samples, type Sample } from "../../forward-auth/page/samples.ts";
import { listenLocal } from "./listen-local.ts";
import { indexPage } from "./page-index.ts";
import { untilSignal } from "./until-signal.ts";

const OPTIONS = { details: true, logs: true, footer: true };
/** A simulated event comes this often. */
const EVENT_EVERY_MS = 3_000;

/**
 * `wakegate demo --page STATE`: the loading page in one of its states, at one URL for each, with simulated
 * events. Time goes on in it as in the real one; reloading starts it again. Runs until a signal.
 *
 * @throws WakegateError `usage` for a state that does not exist.
 */
export async function pageDemo(state: string, port: number): Promise<number> {
  const names = samples(Date.now()).map(({ name }) => name);
  if (!names.includes(state)) {
    throw new WakegateError("usage", `--page: there is no state "${state}". There are: ${names.join(", ")}`);
  }
  using ended = untilSignal();
  await using server = await startPageServer(port);
  process.stdout.write(`
  The loading page, state "${state}", with simulated events:

      http://127.0.0.1:${String(server.port)}/${state}

  The other states are at http://127.0.0.1:${String(server.port)}/ . Ctrl-C ends it.

`);
  await ended.reason;
  return 0;
}

/** Serves every state of the page. @throws WakegateError `listen_failed`. */
export async function startPageServer(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const renderer = createPageRenderer();
  const server = createServer((request, response) => serve(renderer, request, response));
  const listening = await listenLocal(server, port);
  return {
    port: listening,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The token is all the server remembers of a page: its state and when it was loaded. */
interface Loaded {
  readonly sample: Sample;
  readonly at: number;
}

function serve(renderer: PageRenderer, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://demo");
  const name = url.pathname.slice(1);
  if (name === ".wakegate/status") return status(url, response);
  if (name === ".wakegate/events") return events(url, request, response);
  if (name === ".wakegate/retry") return void response.writeHead(204).end();
  if (name === "") {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(indexPage(samples(Date.now())));
    return;
  }
  const at = Date.now();
  const sample = samples(at).find((each) => each.name === name);
  if (!sample) return void response.writeHead(404, { "content-type": "text/plain" }).end("No such state.\n");
  const token = `${name}.${String(at)}`;
  const { html, csp } = renderer.render({
    progress: sample.progress,
    options: OPTIONS,
    nonce: randomBytes(16).toString("base64"),
    token,
    url: `/${name}`,
    now: at,
    since: "0",
    eventsUrl: `/.wakegate/events?token=${token}`,
    ...sample.more,
  });
  // The marker keeps the page from taking this very answer for the app.
  response.writeHead(503, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": csp,
    "cache-control": "no-store",
    "x-wakegate": sample.progress.phase,
  });
  response.end(html);
}

function loadedBy(url: URL): Loaded | undefined {
  const [name, at = ""] = (url.searchParams.get("token") ?? "").split(".");
  const sample = samples(Number(at)).find((each) => each.name === name);
  return sample && { sample, at: Number(at) };
}

function status(url: URL, response: ServerResponse): void {
  const loaded = loadedBy(url);
  if (!loaded) return void response.writeHead(404).end();
  const { sample, at } = loaded;
  const wait = url.searchParams.has("since") ? EVENT_EVERY_MS : 0;
  const timer = setTimeout(() => {
    const now = Date.now();
    const id = String(Math.floor((now - at) / EVENT_EVERY_MS));
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(
      JSON.stringify({
        state: sample.progress.phase,
        events: [eventOf(loaded, now)],
        lastEventId: id,
        token: url.searchParams.get("token"),
        view: viewOf(sample.progress, OPTIONS, now),
      }),
    );
  }, wait);
  response.on("close", () => clearTimeout(timer));
}

function events(url: URL, request: IncomingMessage, response: ServerResponse): void {
  const loaded = loadedBy(url);
  if (!loaded) return void response.writeHead(404).end();
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write("retry: 2000\n\n");
  let id = Number(request.headers["last-event-id"] ?? 0) || 0;
  const timer = setInterval(() => {
    id += 1;
    response.write(`id: ${String(id)}\ndata: ${JSON.stringify(eventOf(loaded, Date.now()))}\n\n`);
  }, EVENT_EVERY_MS);
  response.on("close", () => clearInterval(timer));
}

function eventOf({ sample, at }: Loaded, now: number): object {
  const { target, elapsedMs = 0, phase } = sample.progress;
  const type = { error: "error", ready: "ready", stopping: "stopping", napping: "napping" }[phase as string];
  return {
    type: type ?? "waiting_ready",
    target,
    message: `simulated: ${sample.about}`,
    timestamp: now,
    tries: Math.floor((now - at) / 250),
    elapsedMs: elapsedMs + now - at,
  };
}
