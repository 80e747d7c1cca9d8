import { sleep } from "../../lib/clock.ts";
import { ProviderError } from "../provider.ts";
import type { Cluster } from "./cluster.ts";
import { ProxmoxError, type FailedTask } from "./errors.ts";
import { isNodeName, type Guest } from "./guest.ts";
import { isRecord, listOf, plain, textOf } from "./plain.ts";

/** A task of Proxmox by its id, the UPID. */
export interface Task {
  readonly upid: string;
  readonly node: string;
  /** `vzstart`, `qmshutdown`, `hastart` … */
  readonly type: string;
}

/** How a task ended. */
export type TaskEnd =
  | { readonly kind: "ok" }
  | { readonly kind: "failed"; readonly exit: string }
  /** We may not ask, or it is not known any more: look at the guest. */
  | { readonly kind: "unknown" };

/** Most starts and resumes end within two seconds, and a visitor waits for each poll interval: these are short first. */
const POLLS = { firstMs: 100, firstForMs: 2_000, laterMs: 400 };
const LOG_LINES = 20;

/** Takes a UPID apart; undefined for anything else, which must not get into a path. */
export function parseUpid(upid: unknown): Task | undefined {
  if (typeof upid !== "string") return undefined;
  const [, node, type] =
    /^UPID:([^:/\s]+):[0-9A-Fa-f]+:[0-9A-Fa-f]+:[0-9A-Fa-f]+:([^:/\s]+):[^:/\s]*:[^:/\s]+:$/.exec(upid) ?? [];
  if (node === undefined || type === undefined || !isNodeName(node)) return undefined;
  return { upid, node, type };
}

/**
 * Waits for a task's end. What does not answer meanwhile is asked again: an outage ends no task.
 *
 * @throws ProviderError `engine_timeout` after `limitMs`; the signal's reason.
 */
export async function taskEnd(
  cluster: Cluster,
  task: Task,
  limitMs: number,
  signal: AbortSignal,
): Promise<TaskEnd> {
  const { clock } = cluster;
  const begin = clock.monotonic();
  const end = begin + limitMs;
  for (;;) {
    try {
      const data = await cluster.call<unknown>(signal, (api) =>
        api.nodes.$(task.node).tasks.$(task.upid).status.$get(),
      );
      const { status, exitstatus } = isRecord(data) ? data : {};
      if (status === "stopped") return verdict(plain(textOf(exitstatus) ?? "unexpected status"));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ProviderError)) throw error;
      if (error.code !== "engine_unreachable" && error.code !== "engine_timeout") return { kind: "unknown" };
    }
    if (clock.monotonic() >= end) {
      const message = `the task ${task.type} is still not over after ${String(Math.round(limitMs / 1_000))} s`;
      throw new ProxmoxError("engine_timeout", cluster.engine, message);
    }
    const isEarly = clock.monotonic() - begin < POLLS.firstForMs;
    await sleep(clock, isEarly ? POLLS.firstMs : POLLS.laterMs, signal);
  }
}

/** `OK` and `WARNINGS: 3` are success; everything else is the error's text. */
function verdict(exit: string): TaskEnd {
  return /^(OK|WARNINGS: \d+)$/.test(exit) ? { kind: "ok" } : { kind: "failed", exit };
}

/** The guest's own tasks that run now and are of these types. Others' tasks are hidden from most tokens. */
export async function activeTasks(
  cluster: Cluster,
  { node, vmid }: Guest,
  types: readonly string[],
  signal: AbortSignal,
): Promise<readonly Task[]> {
  const entries = await cluster.call<unknown>(signal, (api) =>
    api.nodes.$(node).tasks.$get({ source: "active", vmid }),
  );
  return listOf(entries).flatMap((entry) => {
    const task = parseUpid(entry["upid"]);
    const runs = entry["endtime"] === undefined && (entry["status"] ?? "RUNNING") === "RUNNING";
    return task && runs && types.includes(task.type) ? [task] : [];
  });
}

/** The error of a task that failed, with its own last words. */
export async function taskError(
  cluster: Cluster,
  what: string,
  task: Task,
  exit: string,
  signal: AbortSignal,
): Promise<ProxmoxError> {
  const log = await taskLog(cluster, task, signal);
  const facts: FailedTask = { upid: task.upid, exit, log };
  const cause = log.filter((line) => !line.startsWith("TASK ERROR:") && line !== "no content");
  const more = cause.length > 0 ? ` (${cause.slice(-3).join("; ")})` : "";
  return new ProxmoxError("engine_failed", cluster.engine, plain(`${what} failed: ${exit}${more}`), {
    task: facts,
  });
}

async function taskLog(cluster: Cluster, task: Task, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const entries = await cluster.call<unknown>(signal, (api) =>
      api.nodes.$(task.node).tasks.$(task.upid).log.$get({ limit: 500 }),
    );
    const lines = listOf(entries).flatMap((entry) => plain(textOf(entry["t"]) ?? "") || []);
    return lines.slice(-LOG_LINES);
  } catch {
    signal.throwIfAborted();
    return [];
  }
}
