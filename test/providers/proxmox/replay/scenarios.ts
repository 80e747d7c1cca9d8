import type { Simulator } from "../../../support/proxmox/simulator.ts";
import type { Guest } from "../../../support/proxmox/guests.ts";
import type { Task } from "../../../support/proxmox/tasks.ts";
import type { Principal } from "../../../support/proxmox/world.ts";

/** Sends a power call as somebody; resolves to the UPID. */
export type Power = (verb: string, form?: Readonly<Record<string, string>>) => Promise<string>;

/** What a finished task was like. */
export interface Wanted {
  readonly type: string;
  readonly exit: string;
  /** Lines of its log, where those are known. */
  readonly log?: readonly string[];
}

/** What scenarios play with. */
export interface Stage {
  readonly simulator: Simulator;
  readonly guest: Guest | undefined;
  readonly who: Principal;
  readonly power: Power;
}

/**
 * Plays what leads to a task that ends like this one, by calls and by what is the matter with the guest; the
 * simulator's own behaviour makes the task. Kinds of tasks that it does not carry out itself are put there.
 */
export async function play(stage: Stage, wanted: Wanted): Promise<Task> {
  const upid = await lead(stage, wanted);
  const task = stage.simulator.world.tasks.find(upid);
  await task.done;
  return task;
}

async function lead(stage: Stage, wanted: Wanted): Promise<string> {
  const { simulator, guest, power } = stage;
  const { type, exit, log = [] } = wanted;
  const verb = VERBS[type];
  if (verb === undefined || (!guest && verb !== "start")) return put(stage, wanted);
  if (!guest) return power(verb);
  const { world } = simulator;
  if (NEEDS_RUNNING.has(type)) world.guests.switchOn(guest);
  const locked = /is locked \((.+)\)/.exec(exit)?.[1];
  if (locked !== undefined) {
    guest.lock = locked;
    return power(verb);
  }
  const said = (words: string): boolean => log.some((line) => line.includes(words));
  if (exit.endsWith("got timeout") && /lock file/.test(exit)) return loseTheLock(stage, type);
  if (exit === "received interrupt") {
    const upid = await power(verb);
    world.tasks.find(upid).interrupted.abort(new Error(exit));
    return upid;
  }
  if (exit === "unexpected status") return overruled(stage).then(([first]) => first);
  if (said("overruled")) return overruled(stage).then(([, second]) => second);
  // Long enough for all of them to come while the first is at it.
  if (said("monitor socket") || (type === "vzresume" && said("already running"))) {
    guest.behaviour.startMs = 8_000;
    return lastOf(2, verb, power);
  }
  if (/did not stop|powerdown failed/.test(exit)) {
    guest.behaviour.onShutdown = "ignore";
    return power(verb, { timeout: "3" });
  }
  if (type === "vzstart" && exit !== "OK") breakStart(guest, wanted);
  if (type === "qmstart" && exit.endsWith("already running")) world.guests.switchOn(guest);
  else if (type === "qmstart" && exit !== "OK") guest.behaviour.failStart = { exit, log: log.slice(0, -1) };
  if (type === "qmsuspend" && exit !== "OK") guest.behaviour.failHibernate = true;
  return power(verb, type === "qmsuspend" ? { todisk: "1" } : {});
}

const VERBS: Readonly<Record<string, string>> = {
  vzstart: "start",
  vzstop: "stop",
  vzshutdown: "shutdown",
  vzreboot: "reboot",
  vzsuspend: "suspend",
  vzresume: "resume",
  qmstart: "start",
  qmstop: "stop",
  qmshutdown: "shutdown",
  qmreboot: "reboot",
  qmpause: "suspend",
  qmsuspend: "suspend",
  qmresume: "resume",
};

const NEEDS_RUNNING = new Set([
  "vzstop",
  "vzshutdown",
  "vzreboot",
  "vzsuspend",
  "qmstop",
  "qmshutdown",
  "qmreboot",
  "qmpause",
  "qmsuspend",
  "qmresume",
]);

function breakStart(guest: Guest, { exit, log = [] }: Wanted): void {
  const [, bridge] = /^bridge '(\w+)'/.exec(exit) ?? [];
  if (bridge !== undefined) guest.config["net0"] = `name=eth0,bridge=${bridge},type=veth`;
  else if (exit.startsWith("volume '")) guest.diskMissing = true;
  else if (/template/.test(exit)) guest.template = true;
  else if (exit.startsWith("startup for container")) guest.debris = true;
  else guest.behaviour.failStart = { exit, log: log.slice(0, -1) };
}

/** Three starts at once: the third waits too long. A stop during a shutdown does as well. */
async function loseTheLock({ guest, power }: Stage, type: string): Promise<string> {
  if (guest) guest.behaviour.startMs = 600_000;
  if (type === "vzstart" || type === "qmstart") {
    return lastOf(3, "start", power);
  }
  if (guest) guest.behaviour.onShutdown = "ignore";
  await power("shutdown", { timeout: "60" });
  return power(VERBS[type] ?? "stop");
}

/** The same call several times at once; the task that began last. UPIDs ascend with their process ids. */
async function lastOf(count: number, verb: string, power: Power): Promise<string> {
  const upids = await Promise.all(Array.from({ length: count }, () => power(verb)));
  return upids.sort().at(-1) ?? "";
}

async function overruled({ guest, power, simulator }: Stage): Promise<readonly [string, string]> {
  if (guest) {
    simulator.world.guests.switchOn(guest);
    guest.behaviour.onShutdown = "ignore";
  }
  const first = await power("shutdown", { timeout: "30" });
  return [first, await power("stop", { "overrule-shutdown": "1" })];
}

async function put({ simulator, who }: Stage, { type, exit, log = [] }: Wanted): Promise<string> {
  const [node = ""] = simulator.world.nodes.keys();
  return simulator.world.tasks.begin(node, type, "200", who, async (task) => {
    task.log.push(...log.slice(0, -1));
    if (exit !== "OK") throw new Error(exit);
  });
}
