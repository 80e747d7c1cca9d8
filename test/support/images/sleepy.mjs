/* oxlint-disable typescript/consistent-return -- "return send()" ends a request, its value is nothing */
// The app of the tests: sleeps before it listens, fails on request, and shows what reached it.
// It has no dependencies and runs in a container (/app/server.mjs) as well as by `node sleepy.mjs`.
//
// Environment (all optional, times in ms):
//   PORT       ports to listen on, comma separated              8080
//   HOST       address to listen on                             all
//   NAME       said in every answer                             sleepy
//   BOOT_MS    wait before listening                            0
//   ERROR_MS   after listening, answer 503 for so long          0
//   EXIT_MS    exit so long after the start ...                 never
//   EXIT_CODE  ... with this code                               1
//   EXIT_ONCE  file: exit as above only while it is absent; it is made before the exit
//   ON_TERM    exit | ignore | slow:<ms> (exit 0 so much later) exit
//   HUNG       1: accept connections, never answer
//   FILES      JSON, path to [type, text]: served as they are
import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const env = process.env;
const name = env.NAME ?? "sleepy";
const startedAt = Date.now();
const runId = `${startedAt}-${process.pid}`;
let listeningAt = 0;
let requests = 0;
const files = JSON.parse(env.FILES ?? "{}");

const say = (text) => process.stdout.write(`${name}: ${text}\n`);
const number = (key, fallback) => (env[key] ? Number(env[key]) : fallback);

say(`booting, pid ${process.pid}`);

const exitMs = number("EXIT_MS", -1);
if (exitMs >= 0 && !(env.EXIT_ONCE && existsSync(env.EXIT_ONCE))) {
  setTimeout(() => {
    if (env.EXIT_ONCE) writeFileSync(env.EXIT_ONCE, "");
    const code = number("EXIT_CODE", 1);
    process.stderr.write(`${name}: fatal: exiting with ${code} as asked\n`);
    process.exit(code);
  }, exitMs);
}

const onTerm = env.ON_TERM ?? "exit";
process.on("SIGTERM", () => {
  say("SIGTERM");
  if (onTerm === "ignore") return;
  setTimeout(() => process.exit(0), onTerm.startsWith("slow:") ? Number(onTerm.slice(5)) : 0);
});
process.on("SIGINT", () => process.exit(0));
process.on("SIGHUP", () => say("SIGHUP"));
process.on("SIGUSR1", () => process.exit(7));

setTimeout(
  () => {
    for (const port of (env.PORT ?? "8080").split(",")) {
      const server = createServer({ maxHeaderSize: 262_144 }, (request, response) => {
        answer(request, response).catch((error) => response.destroy(error));
      });
      server.on("upgrade", webSocket);
      server.keepAliveTimeout = 120_000;
      server.listen(Number(port), env.HOST, () => {
        listeningAt = Date.now();
        say(`listening on ${port}`);
      });
    }
  },
  number("BOOT_MS", 0),
);

async function answer(request, response) {
  if (env.HUNG === "1") return;
  requests++;
  const url = new URL(request.url, "http://sleepy");
  const healthy = Date.now() - listeningAt >= number("ERROR_MS", 0);
  response.setHeader("X-App", name);
  response.setHeader("X-Run", runId);
  if (!healthy) return send(response, 503, "text/plain", "not yet\n");
  if (request.method === "GET" && files[url.pathname]) return send(response, 200, ...files[url.pathname]);
  switch (url.pathname) {
    case "/healthz":
      return send(response, 200, "text/plain", "ok\n");
    case "/page":
      return send(
        response,
        200,
        "text/html; charset=utf-8",
        `<!doctype html><title>${name}</title><h1 id="app">${name} is awake</h1>`,
      );
    case "/redirect":
      response.setHeader("Location", "/page");
      return send(response, 302, "text/plain", "");
    case "/big":
      return big(
        response,
        Number(url.searchParams.get("bytes") ?? 1_000_000),
        Number(url.searchParams.get("ms") ?? 0),
      );
    case "/slow":
      await new Promise((resolve) => setTimeout(resolve, Number(url.searchParams.get("ms") ?? 1000)));
      return send(response, 200, "text/plain", "slow\n");
    case "/sse":
      return events(response, Number(url.searchParams.get("ms") ?? 1000));
    case "/exit":
      send(response, 200, "text/plain", "bye\n");
      return response.on("finish", () => process.exit(Number(url.searchParams.get("code") ?? 1)));
    default:
      return echo(request, response);
  }
}

async function echo(request, response) {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of request) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const { method, url, headers } = request;
  const body = { app: name, run: runId, requests, method, url, headers, bytes, sha256: hash.digest("hex") };
  send(response, 200, "application/json", JSON.stringify(body));
}

function send(response, status, type, body) {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

/** In blocks of 64 KiB, one every `ms`; 0 is as fast as it goes. */
function big(response, bytes, ms) {
  response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": bytes });
  const block = Buffer.alloc(65_536, "w");
  let left = bytes;
  const push = () => {
    while (left > 0) {
      const part = block.subarray(0, Math.min(left, block.length));
      left -= part.length;
      const more = response.write(part);
      if (ms > 0 && left > 0) return setTimeout(push, ms);
      if (!more) return response.once("drain", push);
    }
    response.end();
  };
  push();
}

function events(response, everyMs) {
  // As apps tell nginx that events must not wait for more.
  const headers = { "Cache-Control": "no-store", "X-Accel-Buffering": "no" };
  response.writeHead(200, { "Content-Type": "text/event-stream", ...headers });
  let count = 0;
  const tell = () => response.write(`data: {"count":${count++}}\n\n`);
  tell();
  const timer = setInterval(tell, everyMs);
  response.on("close", () => clearInterval(timer));
}

/** A WebSocket that sends back what it gets: one unfragmented frame of up to 64 KiB at a time. */
function webSocket(request, socket) {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let held = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (;;) {
      if (held.length < 6) return;
      const short = held[1] & 0x7f;
      const extra = short === 126 ? 2 : 0;
      if (held.length < 6 + extra) return;
      const length = extra ? held.readUInt16BE(2) : short;
      const end = 6 + extra + length;
      if (held.length < end) return;
      const mask = held.subarray(2 + extra, 6 + extra);
      const data = Buffer.from(held.subarray(6 + extra, end)).map((byte, index) => byte ^ mask[index % 4]);
      const opcode = held[0] & 0x0f;
      held = held.subarray(end);
      const head = length > 125 ? Buffer.from([0x80 | opcode, 126, length >> 8, length & 255]) : undefined;
      socket.write(Buffer.concat([head ?? Buffer.from([0x80 | (opcode === 9 ? 10 : opcode), length]), data]));
      if (opcode === 8) return socket.end();
    }
  });
}
