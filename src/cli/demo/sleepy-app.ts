import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { sleepyPage } from "./sleepy-page.ts";

// The app of the demo, a process of its own: it takes its time to come up, as real ones do, and leaves when asked.
const { PORT = "8080", BOOT_MS = "4000", IDLE_MS = "20000", DEMO_PID = String(process.pid) } = process.env;

process.once("SIGTERM", () => process.exit(0));

// Processes outlive Wakegate on purpose. This one follows the demo even when that was killed.
setInterval(() => {
  try {
    process.kill(Number(DEMO_PID), 0);
  } catch {
    process.exit(0);
  }
}, 2_000).unref();

await pause(Number(BOOT_MS));
const awakeSince = Date.now();
createServer((request, response) => {
  if (request.url === "/" || request.url?.startsWith("/?")) {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.setHeader("cache-control", "no-store");
    response.end(sleepyPage({ awakeSince, pid: process.pid, idleMs: Number(IDLE_MS) }));
    return;
  }
  response.writeHead(404, { "content-type": "text/plain" }).end("Only the front page lives here.\n");
}).listen(Number(PORT), "127.0.0.1");
