import { once } from "node:events";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { TargetSpec } from "../../../src/config/model.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { AsyncStack } from "../../../src/lib/disposables.ts";
import type { Instance, Provider } from "../../../src/providers/provider.ts";
import { parseProxyHeader } from "../../../src/stream/proxy-protocol/parse.ts";
import { networkProbes } from "../../../src/watchers/readiness/probes.ts";
import { proveReady } from "../../../src/watchers/readiness/prove.ts";
import { STREAM, targetSpec } from "../../support/fake-target.ts";
import { selfSigned } from "../../support/traefik-double/self-signed.ts";

/** A server that resets whoever does not begin with a PROXY header, and tells how the others began. */
async function demanding(serve: (socket: Socket) => void) {
  const stack = new AsyncStack();
  const headers: unknown[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", (first: Buffer) => {
      try {
        const header = parseProxyHeader(first);
        if (!header) throw new Error("not whole");
        headers.push(header);
        socket.pause();
        socket.unshift(first.subarray(header.length));
        serve(socket);
        socket.resume();
      } catch {
        socket.resetAndDestroy();
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { port, headers, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}

/** How often a target was asked until it was ready. */
async function tries(port: number, changes: Partial<TargetSpec>): Promise<number> {
  let failed = 0;
  const spec = targetSpec("db", {
    routes: [],
    port,
    tcp: [{ listen: { host: "127.0.0.1", port: 0 }, port }],
    ...changes,
  });
  const instance = {
    networks: [{ name: "web", address: "127.0.0.1" }],
    exposedPorts: [],
    publishedPorts: [],
  } as unknown as Instance;
  const giveUp = new AbortController();
  await proveReady(
    {
      spec,
      provider: {} as Provider,
      clock: systemClock,
      instance,
      owner: undefined,
      vantage: {},
      probes: networkProbes,
      onTry: () => {
        failed += 1;
        if (failed === 3) giveUp.abort(new Error("never ready"));
      },
    },
    giveUp.signal,
  ).catch(() => undefined);
  return failed;
}

const LENGTHS = { v1: 15, v2: 16 } as const;

describe("a target that insists on PROXY headers", () => {
  it.each(["v1", "v2"] as const)("gets one that names nobody before the question, %s", async (sendProxy) => {
    await using redis = await demanding((socket) => {
      socket.on("data", (data: Buffer) => socket.write(data.equals(PING) ? "+PONG\r\n" : "no"));
    });
    const stream = { ...STREAM, sendProxy };
    const readiness = { kind: "redis", path: "/", statuses: [], timeoutMs: 1_000 } as const;
    expect(await tries(redis.port, { stream, readiness })).toBe(0);
    expect(redis.headers).toEqual([{ length: LENGTHS[sendProxy] }]);
  });

  it.each(["http", "https"] as const)("is asked in %s behind it", async (scheme) => {
    const server = scheme === "http" ? createHttp(sayHere) : createHttps(selfSigned(), sayHere);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const to = (server.address() as AddressInfo).port;
    await using web = await demanding((socket) => {
      const onward = connect(to, "127.0.0.1").on("error", () => socket.destroy());
      socket.pipe(onward).pipe(socket);
    });
    const stream = { ...STREAM, sendProxy: "v2" } as const;
    const readiness = { kind: "http", path: "/", statuses: [[200, 200]], timeoutMs: 2_000 } as const;
    expect(await tries(web.port, { scheme, stream, readiness })).toBe(0);
    expect(web.headers).toHaveLength(1);
    // Where nobody listens that is an answer like any other.
    const port = web.port;
    await web[Symbol.asyncDispose]();
    expect(await tries(port, { scheme, stream, readiness })).toBe(3);
    server.close();
  });

  it("gets none where a proxy asks it, which sends none", async () => {
    await using web = await demanding((socket) => void socket.end());
    const readiness = { kind: "http", path: "/", statuses: [[200, 200]], timeoutMs: 1_000 } as const;
    const routes = [{ host: "db.example.com", prefix: "/" }];
    expect(await tries(web.port, { routes, stream: { ...STREAM, sendProxy: "v2" }, readiness })).toBe(3);
    expect(web.headers).toEqual([]);
  });
});

const sayHere: RequestListener = (_request, response) => void response.end("here");
const PING = Buffer.from("PING\r\n");
