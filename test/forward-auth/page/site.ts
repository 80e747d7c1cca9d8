import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { viewOf } from "../../../src/forward-auth/page/model.ts";
import { createPageRenderer } from "../../../src/forward-auth/page/render.ts";
import type { PageInput } from "../../../src/forward-auth/page/render.ts";
import type { Progress } from "../../../src/watchers/progress.ts";
import { OPEN } from "./fixtures.ts";

/** An app behind a gate, as a browser meets it: the page until `open`, then the app. */
export interface Site extends AsyncDisposable {
  readonly url: string;
  /** Answers of the status held until news, as in-band: always 503. */
  readonly asked: { status: number; events: number; page: number; retry: number; own: number };
  /** Every violation of the policy that the browser reported to the console is the test's to collect. */
  progress: (now: number) => Progress;
  /** What the page's own address answers once the app is to be reached. */
  app: "asleep" | "open" | "bad" | "held back";
  /** The public route exists: events as a stream, status with 200. */
  streams: boolean;
  input: Partial<PageInput>;
  /** Tells everyone who waits. */
  news(): void;
}

/** Starts a {@link Site} on a free port of the loopback. */
export async function startSite(progress: (now: number) => Progress): Promise<Site> {
  const renderer = createPageRenderer();
  const waiting = new Set<() => void>();
  let since = 1;
  const asked = { status: 0, events: 0, page: 0, retry: 0, own: 0 };

  const answerStatus = (request: IncomingMessage, response: ServerResponse): void => {
    asked.status += 1;
    const seen = new URL(request.url ?? "/", "http://x").searchParams.get("since");
    const send = (): void => {
      waiting.delete(send);
      clearTimeout(timer);
      const now = Date.now();
      const view = viewOf(site.progress(now), OPEN, now);
      response.writeHead(site.streams ? 200 : 503, {
        "content-type": "application/json",
        "x-wakegate": "waking",
      });
      response.end(JSON.stringify({ state: "waking", events: [], token: "next", since, view }));
    };
    const timer = setTimeout(send, 10_000);
    if (seen === String(since)) waiting.add(send);
    else send();
  };

  const answerEvents = (response: ServerResponse): void => {
    asked.events += 1;
    if (!site.streams) {
      response.writeHead(503, { "x-wakegate": "waking" }).end();
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("retry: 1000\n\n");
    const send = (): boolean =>
      response.write(`id: ${String(since)}\ndata: {"type":"container_woke","message":"x","timestamp":1}\n\n`);
    waiting.add(send);
    response.on("close", () => waiting.delete(send));
  };

  const answerPage = (response: ServerResponse): void => {
    const now = Date.now();
    const nonce = Buffer.from(String(Math.random())).toString("base64");
    const { html, csp } = renderer.render({
      progress: site.progress(now),
      options: OPEN,
      nonce,
      token: "first",
      url: "/",
      since,
      now,
      ...site.input,
    });
    response.writeHead(503, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": csp,
      "cache-control": "no-store",
      "x-wakegate": "waking",
    });
    response.end(html);
  };

  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (path === "/favicon.ico") return void response.writeHead(204).end();
    if (path === "/.wakegate/status") return answerStatus(request, response);
    if (path === "/.wakegate/events") return answerEvents(response);
    if (path === "/.wakegate/retry") {
      asked.retry += 1;
      return void response.writeHead(303, { location: "/", "x-wakegate": "waking" }).end();
    }
    if (request.method === "GET") asked.page += 1;
    else asked.own += 1;
    if (site.app === "bad" && request.method !== "GET") return void response.writeHead(502).end();
    const pass = site.app === "open" || (site.app === "held back" && request.method !== "GET");
    if (!pass) return answerPage(response);
    response.writeHead(200, { "content-type": "text/html" }).end("<title>app</title><h1>the app</h1>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const site: Site = {
    url: `http://127.0.0.1:${String(port)}/`,
    asked,
    progress,
    app: "asleep",
    streams: false,
    input: {},
    news() {
      since += 1;
      for (const send of Array.from(waiting)) send();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return site;
}
