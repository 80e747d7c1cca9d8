import { getEventListeners, once } from "node:events";
import { createServer as createHttps } from "node:https";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/lib/clock.ts";
import { probeHttp, type HttpProbe } from "../../src/lib/http-probe.ts";
import type { ProbeResult } from "../../src/lib/probe-result.ts";
import { selfSigned } from "../support/traefik-double/self-signed.ts";

const NEVER = new AbortController().signal;

/** A server that gets each connection; what was sent to it is in `heard`. */
async function serving(serve: (socket: Socket) => void) {
  const open = new Set<Socket>();
  const heard: string[] = [];
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (data: Buffer) => heard.push(data.toString()));
    serve(socket);
  });
  return { ...(await listening(server, open)), open, heard };
}

async function listening(server: Server, open = new Set<Socket>()) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers the first bytes with these pieces, each in a packet of its own. */
function says(...pieces: string[]): (socket: Socket) => void {
  return (socket) => {
    socket.setNoDelay(true);
    socket.once("data", () => {
      const next = (): void => {
        const piece = pieces.shift();
        if (piece === undefined) return;
        socket.write(piece, () => setImmediate(next));
      };
      next();
    });
  };
}

function ask(port: number, changes: Partial<HttpProbe> = {}, signal = NEVER): Promise<ProbeResult> {
  const probe = {
    scheme: "http",
    path: "/",
    clock: systemClock,
    host: "blog.example.com",
    ...changes,
  } as const;
  return probeHttp({ host: "127.0.0.1", port }, probe, signal);
}

afterEach(async () => {
  await expect.poll(() => getEventListeners(NEVER, "abort").length).toBe(0);
});

describe("probeHttp", () => {
  it("says who is asked for, by which path, and that it wants one answer", async () => {
    await using app = await serving(says("HTTP/1.1 204 No Content\r\n\r\n"));
    expect(await ask(app.port, { path: "/health?deep" })).toEqual({ kind: "answer", status: 204 });
    const [head = ""] = app.heard;
    expect(head.split("\r\n")[0]).toBe("GET /health?deep HTTP/1.1");
    expect(head.toLowerCase()).toContain("host: blog.example.com\r\n");
    expect(head.toLowerCase()).toContain("connection: close\r\n");
  });

  it("hears an answer that comes letter by letter, after an interim one", async () => {
    await using app = await serving(
      says(...Array.from("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 503 Busy\r\n\r\n")),
    );
    expect(await ask(app.port)).toEqual({ kind: "answer", status: 503 });
  });

  it("takes the change to another protocol for an answer", async () => {
    await using app = await serving(
      says("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
    );
    expect(await ask(app.port)).toEqual({ kind: "answer", status: 101 });
  });

  it("lets go of the connection once it knows the status, however much would follow", async () => {
    await using app = await serving(says("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhello"));
    expect(await ask(app.port)).toEqual({ kind: "answer", status: 200 });
    await expect.poll(() => app.open.size).toBe(0);
  });

  it.each([
    ["is no HTTP", says("SSH-2.0-OpenSSH_9.2\r\n\r\n")],
    ["ends within the status", (socket: Socket) => void socket.once("data", () => socket.end("HTTP/1.1 2"))],
    ["is a hang-up", (socket: Socket) => void socket.once("data", () => socket.end())],
    ["is a reset", (socket: Socket) => void socket.once("data", () => socket.resetAndDestroy())],
  ])("calls silent what %s, but not refused: somebody listens", async (_what, serve) => {
    await using app = await serving(serve);
    const result = await ask(app.port);
    expect(result).toMatchObject({ kind: "silent" });
    expect(result).not.toHaveProperty("refused");
    await expect.poll(() => app.open.size).toBe(0);
  });

  it.each(["127.0.0.1", "localhost"])("tells that a connection to %s was refused", async (host) => {
    const app = await serving(() => undefined);
    await app[Symbol.asyncDispose]();
    const result = await probeHttp(
      { host, port: app.port },
      { scheme: "http", path: "/", clock: systemClock, host: "blog.example.com" },
      NEVER,
    );
    expect(result).toMatchObject({ kind: "silent", refused: true });
    expect((result as { readonly error: string }).error).toContain("ECONNREFUSED");
  });

  it("asks by TLS whatever the certificate is", async () => {
    const open = new Set<Socket>();
    const server = createHttps(selfSigned(), (_request, response) => response.writeHead(302).end());
    server.on("connection", (socket: Socket) => open.add(socket));
    await using app = await listening(server, open);
    expect(await ask(app.port, { scheme: "https" })).toEqual({ kind: "answer", status: 302 });
    await using plain = await serving(says("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect(await ask(plain.port, { scheme: "https" })).toMatchObject({ kind: "silent" });
    await expect.poll(() => plain.open.size).toBe(0);
  });

  it.each(["http", "https"] as const)("ends with its signal while nothing is said, %s", async (scheme) => {
    await using app = await serving(() => undefined);
    const giveUp = new AbortController();
    const asked = ask(app.port, { scheme }, giveUp.signal);
    await expect.poll(() => app.heard.length).toBe(1);
    giveUp.abort(new Error("no time left"));
    expect(await asked).toMatchObject({ kind: "silent" });
    await expect.poll(() => app.open.size).toBe(0);
    expect(await ask(app.port, { scheme }, giveUp.signal)).toMatchObject({ error: "no time left" });
    expect(app.heard).toHaveLength(1);
  });

  it("is silent about a path that no request can have", async () => {
    await using app = await serving(() => undefined);
    expect(await ask(app.port, { path: "/a b" })).toMatchObject({ kind: "silent" });
    await expect.poll(() => app.open.size).toBe(0);
  });
});
