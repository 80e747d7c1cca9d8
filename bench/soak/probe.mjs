// Loaded into the service before anything else (node --import): writes down how it does, one JSON object a line.
import { EventEmitter } from "node:events";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { queryObjects } from "node:v8";

const file = process.env.WAKEGATE_SOAK_SAMPLES;
const everyMs = Number(process.env.WAKEGATE_SOAK_EVERY_MS ?? 5_000);
/** Every so manieth sample counts objects, which collects garbage first. */
const THOROUGH = 12;

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
const warnings = [];
process.on("warning", ({ name, message }) => warnings.push(`${name}: ${message}`));
let count = 0;
let before = { at: Date.now(), waited: waitedMs() };

const timer = setInterval(sample, everyMs);
timer.unref();
const Timeout = timer.constructor;

function sample() {
  const resources = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const loop = {
    p50Ms: delay.percentile(50) / 1e6,
    p99Ms: delay.percentile(99) / 1e6,
    maxMs: delay.max / 1e6,
  };
  const thorough = count++ % THOROUGH === 0;
  // What the counting takes is not the service's.
  delay.disable();
  const objects = thorough ? countObjects() : undefined;
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const fds = readdirSync("/proc/self/fd").length;
  const processListeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const now = { at: Date.now(), waited: waitedMs() };
  const starved = Math.min(1, (now.waited - before.waited) / Math.max(1, now.at - before.at));
  before = now;
  const line = {
    at: now.at,
    starved,
    rss,
    heapUsed,
    external,
    arrayBuffers,
    fds,
    warnings,
    processListeners,
    resources,
    loop,
  };
  appendFileSync(file, `${JSON.stringify({ ...line, ...(objects && { objects }) })}\n`);
  delay.reset();
  delay.enable();
}

/** How long the main thread has been ready to run without getting a core so far (proc(5), schedstat). */
function waitedMs() {
  return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1e6;
}

function countObjects() {
  const of = (constructor) => queryObjects(constructor, { format: "count" });
  return {
    abortControllers: of(AbortController),
    emitters: of(EventEmitter),
    sockets: of(Socket),
    timeouts: of(Timeout),
  };
}
