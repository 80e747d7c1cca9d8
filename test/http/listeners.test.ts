import { describe, expect, it } from "vitest";
import { openListener } from "../../src/http/listener.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { FakeDirectory, FakeTarget, targetSpec } from "../support/fake-target.ts";
import { fetchRaw, startRig, talk, type Rig } from "./rig.ts";

const READY = { kind: "ready" } as const;

async function start(directory = new FakeDirectory(new FakeTarget(targetSpec("blog"), READY))): Promise<Rig> {
  return startRig(directory);
}

const FORWARDED =
  "X-Forwarded-Method: GET\r\nX-Forwarded-Host: blog.example.com\r\nX-Forwarded-Uri: /\r\nHost: wakegate\r\n";

describe("the public listener", () => {
  it("has the answer that monitors see, the same whoever asks and whatever sleeps", async () => {
    await using rig = await start(new FakeDirectory());
    const reply = await fetchRaw(rig.public, "/.wakegate/asleep");
    expect([reply.status, reply.body, reply.headers["cache-control"]]).toEqual([200, "asleep\n", "no-store"]);
  });

  it("refuses a method that Node cannot read with 400, and logs it once", async () => {
    await using rig = await start();
    for (const method of ["RPC_IN_DATA", "get", "SSTP_DUPLEX_POST"]) {
      const answer = await talk(rig.public, `${method} / HTTP/1.1\r\nHost: blog.example.com\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect(rig.logged).toEqual([
      "request_unreadable: A request from 127.0.0.1 to public_listen cannot be read and is refused with 400 Bad Request: Parse Error: Invalid method encountered.",
    ]);
  });
});

describe("the internal listener", () => {
  it("tells that it lives, and that it is ready once every engine was listed", async () => {
    const directory = new FakeDirectory();
    directory.settled = false;
    await using rig = await start(directory);
    expect((await fetchRaw(rig.internal, "/healthz")).status).toBe(200);
    expect((await fetchRaw(rig.internal, "/readyz")).status).toBe(503);
    directory.settle();
    expect((await fetchRaw(rig.internal, "/readyz")).status).toBe(200);
  });

  it("answers 404 wherever a mistyped forward-auth address might lead", async () => {
    await using rig = await start();
    for (const path of [
      "/",
      "/healthz",
      "/readyz",
      "/api",
      "/api/authz",
      "/api/authz/",
      "/api/authz/forward-auth/x/y",
    ]) {
      expect((await rig.ask({ at: path })).status).toBe(404);
    }
    for (const path of [
      "/api/authz/Forward-Auth",
      "/api/authz/forward-auth-x",
      "/api/authz//forward-auth",
      "/x",
    ]) {
      expect((await rig.ask({ at: path })).status).toBe(404);
      expect((await fetchRaw(rig.internal, path)).status).toBe(404);
    }
    const nginx = { "x-original-method": "GET", "x-original-url": "https://blog.example.com/" };
    expect((await fetchRaw(rig.internal, "/healthz", { headers: nginx })).status).toBe(404);
    expect((await fetchRaw(rig.internal, "/")).status).toBe(404);
  });

  it("carries what other parts add, and keeps their faults to itself", async () => {
    await using rig = await startRig(new FakeDirectory(), {
      routes: (router) => {
        router.get("/metrics", (ctx) => {
          ctx.body = "up 1";
        });
        router.get("/broken", () => {
          throw new Error("secret");
        });
      },
    });
    expect((await fetchRaw(rig.internal, "/metrics")).body).toBe("up 1");
    const broken = await fetchRaw(rig.internal, "/broken");
    expect([broken.status, broken.body]).toEqual([500, "Internal Server Error"]);
    expect(rig.logged).toContain("http_failed: secret");
  });

  it("refuses an HTTP/1.1 request without a Host, whatever it asks for", async () => {
    await using rig = await start();
    const forwarded = FORWARDED.replace("Host: wakegate\r\n", "");
    for (const head of [
      "GET /healthz HTTP/1.1\r\n",
      `GET /api/authz/forward-auth HTTP/1.1\r\n${forwarded}`,
    ]) {
      expect(await talk(rig.internal, `${head}\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect(await talk(rig.internal, "GET /healthz HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("hands requests on with all their headers, however they are written", async () => {
    const seen: unknown[] = [];
    await using opened = await openListener({
      address: { host: "127.0.0.1", port: 0 },
      setting: "listen",
      clock: systemClock,
      handle: (req, res) => {
        seen.push(req.headers);
        res.end();
      },
    });
    const head = "GET / HTTP/1.1\r\nHOST: a\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n";
    await talk(opened, `${head}\r\n`);
    await talk(opened, `${head}EXPECT: 100-Continue\r\n\r\n`);
    const plain = { host: "a", "x-a": "1, 2", connection: "close" };
    expect(seen).toEqual([plain, { ...plain, expect: "100-Continue" }]);
  });

  it("answers Expect: 100-continue without a 100", async () => {
    await using rig = await start();
    const text = await talk(
      rig.internal,
      `GET /api/authz/forward-auth HTTP/1.1\r\n${FORWARDED}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
      /\r\n\r\n/,
    );
    expect(text).toMatch(/^HTTP\/1.1 200 OK/);
    expect(text).not.toContain("100 Continue");
  });

  it("answers a WebSocket handshake, as Caddy forwards it, like any request", async () => {
    await using rig = await start();
    const text = await talk(
      rig.internal,
      `GET /api/authz/forward-auth HTTP/1.1\r\n${FORWARDED}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      /\r\n\r\n/,
    );
    expect(text).toMatch(/^HTTP\/1.1 200 OK/);
    expect(text).toContain("Content-Length: 0");
  });

  it("keeps connections longer than any proxy's pool", async () => {
    await using rig = await start();
    expect((await rig.ask({ headers: { connection: "keep-alive" } })).headers["keep-alive"]).toBe(
      "timeout=130",
    );
  });

  it("takes 200 KB of headers, and refuses more with 431", async () => {
    await using rig = await start();
    expect((await rig.ask({ headers: { cookie: "x".repeat(200_000) } })).status).toBe(200);
    const text = await talk(rig.internal, `GET / HTTP/1.1\r\nCookie: ${"x".repeat(300_000)}\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1.1 431 /);
    expect(await talk(rig.internal, "nonsense\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe("openListener()", () => {
  const handle = (): void => undefined;
  const setting = "listen" as const;

  it("says what to do when the port is taken or not ours", async () => {
    await using rig = await start();
    const taken = openListener({ address: rig.internal.address, setting, handle, clock: systemClock });
    await expect(taken).rejects.toMatchObject({ code: "listen_failed" });
    await expect(taken).rejects.toThrow(/another program does already.*set listen to a free port/);
    const elsewhere = openListener({
      address: { host: "192.0.2.1", port: 0 },
      setting,
      handle,
      clock: systemClock,
    });
    await expect(elsewhere).rejects.toThrow("this machine does not have that address");
  });

  it("ends even when an answer never comes", async () => {
    const listener = await openListener({
      address: { host: "127.0.0.1", port: 0 },
      setting,
      handle,
      clock: systemClock,
      graceMs: 50,
    });
    const reply = fetchRaw(listener, "/").catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await listener[Symbol.asyncDispose]();
    expect(await reply).toBeInstanceOf(Error);
  });
});
