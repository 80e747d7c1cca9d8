import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { startCaddy } from "../support/caddy.ts";
import { freePort } from "../support/free-port.ts";
import { startNginx } from "../support/nginx.ts";
import type { RunningProxy, Upstreams } from "../support/proxy-process.ts";
import { suite } from "../support/require.ts";
import { fakeApp, fakeServer, type FakeServer } from "./fake-upstreams.ts";

/** A stand-in for Wakegate: holds for `holdMs`, then lets through or shows a page. Speaks both dialects. */
function fakeWakegate(options: { holdMs?: number; awake: () => boolean }): Promise<FakeServer> {
  return fakeServer(async (request, response) => {
    const { url = "" } = request;
    if (url === "/api/authz/page" || (url === "/api/authz/forward-auth" && !options.awake())) {
      response.writeHead(503, { "retry-after": "7", "x-wakegate": "starting", "cache-control": "no-store" });
      response.end("<h1>waking</h1>");
      return;
    }
    await pause(options.holdMs ?? 0);
    if (url === "/api/authz/forward-auth") response.writeHead(200).end();
    else if (url === "/api/authz/auth-request") {
      if (options.awake()) response.writeHead(204).end();
      else response.writeHead(401, { "x-wakegate": "starting" }).end();
    } else response.writeHead(404).end();
  });
}

/** A stand-in for the public listener: an event stream that never ends. */
function fakePublic(): Promise<FakeServer> {
  return fakeServer((request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${request.url ?? ""}\n\n`);
  });
}

async function nobody(): Promise<string> {
  return `127.0.0.1:${String(await freePort())}`;
}

interface Told {
  method: string;
  url: string;
  length: number;
  sha256: string;
  cookie?: string;
  host: string;
}

function describeProxy(start: (upstreams: Upstreams) => Promise<RunningProxy>): void {
  it("holds a POST of 1 MB, then hands it to the app whole", async () => {
    await using app = await fakeApp();
    await using wakegate = await fakeWakegate({ holdMs: 2_000, awake: () => true });
    await using proxy = await start({
      app: app.address,
      wakegate: wakegate.address,
      wakegatePublic: "127.0.0.1:9",
    });
    const body = randomBytes(1024 * 1024);
    const response = await fetch(`${proxy.url}/upload?x=1&api=2`, {
      method: "POST",
      body,
      headers: { cookie: "session=1", "content-type": "application/octet-stream" },
    });
    const told = (await response.json()) as Told;
    expect(told).toMatchObject({ method: "POST", url: "/upload?x=1&api=2", length: body.length });
    expect(told.sha256).toBe(createHash("sha256").update(body).digest("hex"));
    expect(told.cookie).toBe("session=1");
    const asked = wakegate.seen[0];
    expect(asked?.method).toBe("GET");
    expect(asked?.headers["content-length"] ?? "0").toBe("0");
    expect(asked?.headers.cookie).toBeUndefined();
    expect(whatWasAsked(asked)).toEqual({ method: "POST", uri: "/upload?x=1&api=2", host: told.host });
  });

  it("shows the page in the app's place, with its status, headers and body", async () => {
    await using app = await fakeApp();
    await using wakegate = await fakeWakegate({ awake: () => false });
    await using proxy = await start({
      app: app.address,
      wakegate: wakegate.address,
      wakegatePublic: "127.0.0.1:9",
    });
    for (const method of ["GET", "POST"]) {
      const response = await fetch(`${proxy.url}/`, method === "GET" ? {} : { method, body: "name=value" });
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("7");
      expect(response.headers.get("x-wakegate")).toBe("starting");
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(await response.text()).toBe("<h1>waking</h1>");
    }
    expect(app.seen).toHaveLength(0);
  });

  it("leaves the app's own 401 alone", async () => {
    await using app = await fakeApp();
    await using wakegate = await fakeWakegate({ awake: () => true });
    await using proxy = await start({
      app: app.address,
      wakegate: wakegate.address,
      wakegatePublic: "127.0.0.1:9",
    });
    const response = await fetch(`${proxy.url}/private`);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ url: "/private" });
  });

  it("passes a WebSocket on to the app", async () => {
    await using app = await fakeApp();
    await using wakegate = await fakeWakegate({ awake: () => true });
    await using proxy = await start({
      app: app.address,
      wakegate: wakegate.address,
      wakegatePublic: "127.0.0.1:9",
    });
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AQIDBAUGBwgJCgsMDQ4PEA==",
    };
    const request = httpRequest(`${proxy.url}/socket`, { headers }).end();
    const [response, socket] = (await once(request, "upgrade")) as [IncomingMessage, Socket];
    expect(response.statusCode).toBe(101);
    socket.write("hello");
    const [echo] = (await once(socket, "data")) as [Buffer];
    expect(echo.toString()).toBe("hello");
    socket.destroy();
  });

  it("streams the page's events from the public listener, without asking", async () => {
    await using wakegate = await fakeWakegate({ awake: () => false });
    await using events = await fakePublic();
    await using proxy = await start({
      app: await nobody(),
      wakegate: wakegate.address,
      wakegatePublic: events.address,
    });
    const controller = new AbortController();
    const response = await fetch(`${proxy.url}/.wakegate/events?token=t`, { signal: controller.signal });
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    const chunk = await reader?.read();
    expect(Buffer.from(chunk?.value ?? []).toString()).toContain("/.wakegate/events?token=t");
    controller.abort();
    expect(wakegate.seen).toHaveLength(0);
  });

  it("leads the page's polls to Wakegate by the app's own host where no route for events exists", async () => {
    await using app = await fakeApp();
    await using wakegate = await fakeWakegate({ awake: () => false });
    await using proxy = await start({
      app: app.address,
      wakegate: wakegate.address,
      wakegatePublic: "127.0.0.1:9",
      withoutEvents: true,
    });
    expect((await fetch(`${proxy.url}/.wakegate/status?token=t`)).status).toBe(503);
    expect(whatWasAsked(wakegate.seen.at(-1))).toMatchObject({ uri: "/.wakegate/status?token=t" });
    expect(app.seen).toHaveLength(0);
  });

  it("takes headers of 20 KB, as single sign-on makes them", async () => {
    await using app = await fakeApp();
    await using wakegate = await fakeWakegate({ awake: () => true });
    await using proxy = await start({
      app: app.address,
      wakegate: wakegate.address,
      wakegatePublic: "127.0.0.1:9",
    });
    const response = await fetch(`${proxy.url}/`, { headers: { cookie: `sso=${"x".repeat(20_000)}` } });
    expect(response.status).toBe(200);
  });
}

/** What a proxy says of the visitor's request, in either dialect. */
function whatWasAsked(request: IncomingMessage | undefined): object {
  const headers = request?.headers ?? {};
  const original = headers["x-original-url"];
  if (typeof original === "string") {
    const url = new URL(original);
    return { method: headers["x-original-method"], uri: url.pathname + url.search, host: url.host };
  }
  return {
    method: headers["x-forwarded-method"],
    uri: headers["x-forwarded-uri"],
    host: headers["x-forwarded-host"],
  };
}

function describeFailOpen(start: (upstreams: Upstreams) => Promise<RunningProxy>): void {
  it("reaches a running app while Wakegate is down", async () => {
    await using app = await fakeApp();
    await using proxy = await start({
      app: app.address,
      wakegate: await nobody(),
      wakegatePublic: await nobody(),
    });
    const response = await fetch(`${proxy.url}/form`, { method: "POST", body: "name=value" });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ method: "POST", url: "/form", length: 10 });
  });

  it("does not overrule Wakegate's page", async () => {
    await using app = await fakeApp();
    await using wakegate = await fakeWakegate({ awake: () => false });
    await using proxy = await start({
      app: app.address,
      wakegate: wakegate.address,
      wakegatePublic: await nobody(),
    });
    expect((await fetch(proxy.url)).status).toBe(503);
    expect(app.seen).toHaveLength(0);
  });
}

suite("caddy", "the shipped Caddyfile", () => {
  describeProxy((upstreams) => startCaddy(upstreams));

  it("rides out a restart of Wakegate, with the body of a POST", async () => {
    await using app = await fakeApp();
    const port = await freePort();
    const address = `127.0.0.1:${String(port)}`;
    await using proxy = await startCaddy({ app: app.address, wakegate: address, wakegatePublic: address });
    const answer = fetch(proxy.url, { method: "POST", body: Buffer.alloc(200_000, "a") });
    await pause(1_000);
    await using _late = await fakeServer((_request, response) => response.writeHead(200).end(), { port });
    expect(await (await answer).json()).toMatchObject({ method: "POST", length: 200_000 });
  });
});
suite("caddy", "the shipped Caddyfile.host", () =>
  describeProxy((upstreams) => startCaddy({ ...upstreams, file: "Caddyfile.host" })),
);
suite("caddy", "the shipped Caddyfile.fail-open", () => {
  describeProxy((upstreams) => startCaddy({ ...upstreams, file: "Caddyfile.fail-open" }));
  describeFailOpen((upstreams) => startCaddy({ ...upstreams, file: "Caddyfile.fail-open" }));
});
suite("nginx", "the shipped blog.conf for nginx", () => describeProxy((upstreams) => startNginx(upstreams)));
suite("nginx", "the shipped blog.host.conf for nginx", () =>
  describeProxy((upstreams) => startNginx({ ...upstreams, site: "blog.host.conf" })),
);
suite("nginx", "the shipped wakegate-fail-open.conf for nginx", () => {
  describeProxy((upstreams) => startNginx({ ...upstreams, snippet: "wakegate-fail-open.conf" }));
  describeFailOpen((upstreams) => startNginx({ ...upstreams, snippet: "wakegate-fail-open.conf" }));
});
