import { sleep as delay } from "../../lib/clock.ts";
import { ProviderError, type ProviderErrorCode, type SleepRequest } from "../provider.ts";
import type { Cluster, Look } from "./cluster.ts";
import { ProxmoxError } from "./errors.ts";
import { labelOf, lockOf, type Current, type Guest } from "./guest.ts";
import { parseUpid, taskEnd, taskError, type Task } from "./tasks.ts";

const DEFAULT_GRACE_MS = 60_000;
/** What a task may take beyond the grace; without force Proxmox itself takes twice the grace and 5 s. */
const MARGIN_MS = 60_000;
/** HA carries a request out in rounds of some 10 s. */
const HA_MARGIN_MS = 120_000;
/** Writing memory to disk has no time limit of its own. */
const HIBERNATE_LIMIT_MS = 10 * 60_000;
const LOOK_MS = 500;

type Post = (guest: Guest, signal: AbortSignal) => Promise<unknown>;

/** Puts a guest to sleep; resolves when a look says that it is. */
export async function sleep(
  cluster: Cluster,
  vmid: number,
  request: SleepRequest,
  signal: AbortSignal,
): Promise<void> {
  const look = await cluster.mustLook(vmid, signal);
  const { guest, current } = look;
  const { method } = request;
  if (request.signal !== undefined) {
    throw failure(cluster, "not_supported", "Proxmox sends no signals of one's choice to guests");
  }
  if (guest.type === "lxc" && (method === "pause" || method === "hibernate")) {
    throw failure(
      cluster,
      "not_supported",
      `${labelOf(guest)} is a container: Proxmox cannot ${method} those. Use stop`,
    );
  }
  const { power } = current;
  if (power === "off" || power === "prelaunch" || (method === "pause" && power === "paused")) return;
  if (power === "shutting_down") return untilOff(cluster, vmid, signal);
  const locked = lockOf(guest, current);
  if (locked !== undefined) throw failure(cluster, "engine_busy", locked);
  const graceMs = request.timeoutMs ?? DEFAULT_GRACE_MS;
  switch (method) {
    case "pause":
      return act(
        cluster,
        look,
        "pausing",
        suspend(cluster, false),
        30_000,
        (now) => now.power === "paused",
        signal,
      );
    case "hibernate":
      return hibernate(cluster, look, signal);
    case "kill":
      return act(cluster, look, "stopping", stop(cluster), 0, isOff, signal);
    case "stop":
      if (power === "paused") await resumeFirst(cluster, guest, signal);
      cluster.tell({ id: cluster.idOf(vmid), cause: "signalled", signal: "SIGTERM" });
      return act(cluster, look, "shutting down", shutdown(cluster, graceMs), graceMs, isOff, signal);
  }
}

function isOff({ power }: Current): boolean {
  return power === "off" || power === "prelaunch";
}

/** Its main process has ended; the cleanup takes seconds and cannot be hurried. */
async function untilOff(cluster: Cluster, vmid: number, signal: AbortSignal): Promise<void> {
  const end = cluster.clock.monotonic() + MARGIN_MS;
  for (;;) {
    const { guest, current } = await cluster.mustLook(vmid, signal);
    if (current.power !== "shutting_down") return;
    if (cluster.clock.monotonic() >= end) {
      throw failure(
        cluster,
        "engine_failed",
        `${labelOf(guest)} is still shutting down after ${String(MARGIN_MS / 1_000)} s`,
      );
    }
    await delay(cluster.clock, LOOK_MS, signal);
  }
}

/**
 * One power call, its task, and the look that proves it. A task that says OK is no proof where HA has the guest;
 * one that failed is none either when the guest went down by itself meanwhile.
 */
async function act(
  cluster: Cluster,
  { guest, current }: Look,
  what: string,
  post: Post,
  graceMs: number,
  done: (now: Current) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const patienceMs = 2 * graceMs + MARGIN_MS + (current.ha ? HA_MARGIN_MS : 0);
  const end = cluster.clock.monotonic() + patienceMs;
  let problem: unknown;
  try {
    const task = parseUpid(await post(guest, signal));
    problem = task && (await verdict(cluster, what, guest, task, patienceMs, signal));
  } catch (error) {
    signal.throwIfAborted();
    // "Not running" is what was wanted; what was lost on the way may have arrived. The look decides.
    problem = error;
  }
  const waits = current.ha !== undefined || isBusy(problem) || isLost(problem);
  for (;;) {
    const now = await cluster.mustLook(guest.vmid, signal);
    if (done(now.current)) return;
    const goesDown = now.current.power === "shutting_down";
    if ((!waits && !goesDown) || cluster.clock.monotonic() >= end) break;
    await delay(cluster.clock, LOOK_MS, signal);
  }
  throw problem ?? failure(cluster, "engine_failed", `${labelOf(guest)} still runs after ${what}`);
}

async function verdict(
  cluster: Cluster,
  what: string,
  guest: Guest,
  task: Task,
  limitMs: number,
  signal: AbortSignal,
): Promise<ProxmoxError | undefined> {
  const end = await taskEnd(cluster, task, limitMs, signal);
  if (end.kind !== "failed") return undefined;
  // The lock was taken between the look and the task.
  if (/is locked \(/.test(end.exit)) return failure(cluster, "engine_busy", end.exit);
  return taskError(cluster, `${what} ${labelOf(guest)}`, task, end.exit, signal);
}

/** Another shutdown has the lock: that one brings it down. */
function isBusy(problem: unknown): boolean {
  return problem instanceof ProxmoxError && /can't lock file .* got timeout/.test(problem.task?.exit ?? "");
}

function isLost(problem: unknown): boolean {
  return (
    problem instanceof ProviderError &&
    (problem.code === "engine_unreachable" || problem.code === "engine_timeout")
  );
}

/** Asks the guest and kills it when the grace is over, in one call: a stop afterwards would wait for the lock. */
function shutdown(cluster: Cluster, graceMs: number): Post {
  const how = { timeout: Math.max(1, Math.ceil(graceMs / 1_000)), forceStop: true };
  return ({ node, type, vmid }, signal) =>
    cluster.call<unknown>(signal, (api) =>
      type === "lxc"
        ? api.nodes.$(node).lxc.$(vmid).status.shutdown.$post(how)
        : api.nodes.$(node).qemu.$(vmid).status.shutdown.$post(how),
    );
}

/** Kills. Since 8.2 a shutdown under way is ended first, which would else hold the lock against us. */
function stop(cluster: Cluster): Post {
  return async ({ node, type, vmid }, signal) => {
    const knows = atLeast(cluster.connection.version, 8, 2);
    // Younger than the types of the package.
    const how = (knows ? { "overrule-shutdown": true } : {}) as object;
    return cluster.call<unknown>(signal, (api) =>
      type === "lxc"
        ? api.nodes.$(node).lxc.$(vmid).status.stop.$post(how)
        : api.nodes.$(node).qemu.$(vmid).status.stop.$post(how),
    );
  };
}

function suspend(cluster: Cluster, todisk: boolean): Post {
  return ({ node, vmid }, signal) =>
    cluster.call<unknown>(signal, (api) =>
      api.nodes
        .$(node)
        .qemu.$(vmid)
        .status.suspend.$post(todisk ? { todisk } : {}),
    );
}

async function hibernate(cluster: Cluster, look: Look, signal: AbortSignal): Promise<void> {
  const { guest, current } = look;
  const label = labelOf(guest);
  if (current.ha) {
    throw failure(
      cluster,
      "not_supported",
      `${label} is managed by HA, and Proxmox hibernates no such machine. Use stop or pause`,
    );
  }
  try {
    await act(cluster, look, "hibernating", suspend(cluster, true), HIBERNATE_LIMIT_MS / 2, isOff, signal);
  } catch (error) {
    signal.throwIfAborted();
    const now = await cluster.look(guest.vmid, signal).catch(() => undefined);
    if (now?.current.lock !== "suspending" || !(error instanceof ProviderError)) throw error;
    const message = `${error.message}. It left the lock "suspending" behind, which keeps ${label} from starting and stopping: qm unlock ${String(guest.vmid)}`;
    throw new ProviderError(error.code, cluster.engine, message, { cause: error });
  }
}

/** What is paused cannot hear that it should shut down, and would only be killed when the grace is over. */
async function resumeFirst(cluster: Cluster, guest: Guest, signal: AbortSignal): Promise<void> {
  const upid = await cluster.call<unknown>(signal, (api) =>
    api.nodes.$(guest.node).qemu.$(guest.vmid).status.resume.$post(),
  );
  const task = parseUpid(upid);
  if (task) await taskEnd(cluster, task, 30_000, signal);
}

function atLeast(version: string | undefined, major: number, minor: number): boolean {
  const [have = 0, and = 0] = (version ?? "").split(".").map(Number);
  return have > major || (have === major && and >= minor);
}

function failure(cluster: Cluster, code: ProviderErrorCode, message: string): ProxmoxError {
  return new ProxmoxError(code, cluster.engine, message);
}
