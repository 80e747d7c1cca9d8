import { setTimeout as delay } from "node:timers/promises";
import { badParameters, failed } from "./answers.ts";
import { textOf, type Guest } from "./guests.ts";
import { Silent, type Work } from "./tasks.ts";
import type { Call, World } from "./world.ts";

/** The power calls that exist for containers and machines. */
export type Verb = "start" | "stop" | "shutdown" | "reboot" | "suspend" | "resume";

/** How long a power call waits for the guest's lock. */
const LOCK_WAIT_MS = 10_000;
/** How long a second start waits for the monitor of a container that the first one has started. */
const MONITOR_WAIT_MS = 10_000;

/** Answers a power call: at once with an error, or with the UPID of the task that does it. */
export function power(call: Call, verb: Verb): string {
  const { world, who, params, path, guest } = call;
  const { vmid = "", node = "" } = path;
  if (params["skiplock"] !== undefined) {
    throw badParameters({ skiplock: "Only root may use this option." });
  }
  const lxc = path["type"] === "lxc";
  const begin = (type: string, work: Work): string => world.tasks.begin(node, type, vmid, who, work);
  const prefix = lxc ? "vz" : "qm";
  if (!guest) {
    const missing = `Configuration file 'nodes/${node}/${lxc ? "lxc" : "qemu-server"}/${vmid}.conf' does not exist`;
    // A start is checked in its task only, for machines also a stop.
    if (verb !== "start" && lxc) throw failed(missing);
    return begin(prefix + verb, () => Promise.reject(new Error(missing)));
  }
  guest.calls.push(verb);
  refuseAtOnce(world, guest, verb, lxc);
  const todisk = params["todisk"] === "1";
  if (todisk) {
    world.rights.check(who, `/vms/${vmid}`, "VM.Config.Disk");
    world.rights.check(who, "/storage/local", "Datastore.AllocateSpace");
    if (guest.ha) throw failed("Cannot suspend HA managed VM to disk");
  }
  if (guest.ha && (verb === "start" || verb === "stop" || verb === "shutdown"))
    return throughHa(call, guest, verb);
  const type = prefix + (lxc ? verb : verb === "suspend" && !todisk ? "pause" : verb);
  return begin(type, lxc ? container(world, guest, verb, params) : machine(world, guest, verb, params));
}

function refuseAtOnce(world: World, guest: Guest, verb: Verb, lxc: boolean): void {
  const id = String(guest.vmid);
  const runs = guest.status === "running";
  if (verb === "start" && world.faults.noQuorum) throw failed("cluster not ready - no quorum?");
  if (lxc) {
    if (verb === "reboot" && !runs) throw failed(`VM ${id} not running`);
    if ((verb === "start" || verb === "resume") && runs) throw failed(`CT ${id} already running`);
    if (verb !== "start" && verb !== "resume" && !runs) throw failed(`CT ${id} not running`);
    return;
  }
  const hibernated = guest.lock === "suspended";
  if (verb === "resume" && !runs && !hibernated) throw failed(`VM ${id} not running`);
  if ((verb === "suspend" || verb === "reboot") && !runs) throw failed(`VM ${id} not running`);
}

/** HA's own task only files the request; the manager acts in its rounds. */
function throughHa({ world, who, path }: Call, guest: Guest, verb: Verb): string {
  const { ha } = guest;
  const wanted = verb === "start" ? "started" : "stopped";
  return world.tasks.begin(
    path["node"] ?? "",
    verb === "start" ? "hastart" : "hastop",
    path["vmid"] ?? "",
    who,
    async () => {
      await world.pause(300);
      if (!ha) return;
      ha.wanted = wanted;
      ha.state = "queued";
      void (async () => {
        await world.pause(10_000);
        if (ha.wanted !== wanted) return;
        ha.state = wanted;
        if (wanted === "started") world.guests.switchOn(guest);
        else await world.guests.switchOff(guest);
      })();
    },
  );
}

function container(world: World, guest: Guest, verb: Verb, params: Readonly<Record<string, string>>): Work {
  const id = String(guest.vmid);
  const lockFile = `/run/lock/lxc/pve-config-${id}.lock`;
  return async (task, signal) => {
    const { log } = task;
    if (verb === "suspend" || verb === "resume") return checkpoint(world, guest, verb, task.log);
    if (verb === "stop" && params["overrule-shutdown"] === "1") {
      const overruled = world.tasks.running(["vzshutdown"], id);
      if (overruled.length > 0)
        log.push(`overruled vzshutdown tasks: ${overruled.map(({ upid }) => upid).join(", ")}`);
      for (const { interrupted } of overruled) interrupted.abort(new Silent("unexpected status"));
    }
    await withLock(world, guest, lockFile, log, signal, async () => {
      if (guest.lock !== undefined) throw new Error(`CT is locked (${guest.lock})`);
      switch (verb) {
        case "start":
          return startContainer(world, guest, log, signal);
        case "stop":
          await world.pause(1_200, signal);
          return world.guests.switchOff(guest);
        case "shutdown":
          return shutDown(world, guest, params, log, signal);
        case "reboot":
          await world.pause(4_000, signal);
          await world.guests.switchOff(guest);
          await world.pause(1_200, signal);
          return world.guests.switchOn(guest);
      }
    });
  };
}

async function startContainer(world: World, guest: Guest, log: string[], signal: AbortSignal): Promise<void> {
  const id = String(guest.vmid);
  const node = world.nodes.get(guest.node);
  if (guest.template) throw new Error("you can't start a CT if it's a template");
  if (guest.status === "running") {
    await world.pause(MONITOR_WAIT_MS, signal);
    log.push("problem with monitor socket, but continuing anyway: got timeout", "");
    return;
  }
  const [, bridge] = /bridge=(\w+)/.exec(textOf(guest.config["net0"])) ?? [];
  if (bridge !== undefined && !node?.bridges.has(bridge))
    throw new Error(`bridge '${bridge}' does not exist`);
  if (guest.diskMissing)
    throw new Error(`volume '${textOf(guest.config["rootfs"]).split(",")[0] ?? ""}' does not exist`);
  const fails = guest.debris
    ? { exit: `startup for container '${id}' failed`, log: DEBRIS.map((line) => line.replaceAll("{id}", id)) }
    : guest.behaviour.failStart;
  guest.debris = false;
  await world.pause(guest.behaviour.startMs / 2, signal);
  if (fails) {
    // For a moment it looks as if it ran.
    guest.status = "running";
    guest.pid = 1;
    guest.startedAt = Date.now();
    await world.pause(guest.behaviour.startMs / 2, signal).finally(() => (guest.status = "stopped"));
    log.push(...fails.log);
    throw new Error(fails.exit);
  }
  world.guests.switchOn(guest);
  await world.pause(guest.behaviour.startMs / 2, signal).catch(async (error: unknown) => {
    await world.guests.switchOff(guest);
    throw error;
  });
  warn(guest, log);
}

const DEBRIS = [
  "run_buffer: 322 Script exited with status 32",
  'lxc_init: 844 Failed to run lxc.hook.pre-start for container "{id}"',
  '__lxc_start: 2027 Failed to initialize container "{id}"',
];

function warn({ behaviour }: Guest, log: string[]): void {
  if (behaviour.warnings === 0) return;
  log.push("WARN: something is not as it should be", `TASK WARNINGS: ${String(behaviour.warnings)}`);
  throw new Warned(`WARNINGS: ${String(behaviour.warnings)}`);
}

/** Success all the same. */
class Warned extends Silent {}

async function shutDown(
  world: World,
  guest: Guest,
  params: Readonly<Record<string, string>>,
  log: string[],
  signal: AbortSignal,
): Promise<void> {
  const seconds = Number(params["timeout"] ?? 60);
  const graceMs = seconds * 1_000 * world.scale;
  const obeys =
    guest.behaviour.onShutdown === "obey" && !guest.paused && guest.behaviour.shutdownMs <= graceMs;
  if (obeys) {
    await interruptible(guest.behaviour.shutdownMs, signal);
    return world.guests.switchOff(guest);
  }
  await interruptible(graceMs, signal).catch((error: unknown) => {
    if (guest.type === "lxc")
      log.push(
        `command 'lxc-stop -n ${String(guest.vmid)} --nokill --timeout ${String(seconds)}' failed: received interrupt`,
      );
    throw error;
  });
  if (guest.type === "lxc" && params["forceStop"] !== "1") {
    await world.pause(seconds * 1_000 + 5_000, signal);
    log.push(
      `command 'lxc-stop -n ${String(guest.vmid)} --nokill --timeout ${String(seconds)}' failed: exit code 1`,
    );
    throw new Error("container did not stop");
  }
  if (guest.type === "qemu") {
    log.push(
      `QEMU Guest Agent is not running - VM ${String(guest.vmid)} qmp command 'guest-ping' failed - got timeout`,
    );
    if (params["forceStop"] !== "1") {
      await world.pause(seconds * 1_000, signal);
      throw new Error("VM quit/powerdown failed - got timeout");
    }
    log.push("VM quit/powerdown failed - terminating now with SIGTERM");
  }
  await world.pause(1_200, signal);
  return world.guests.switchOff(guest);
}

/** Checkpoints of containers exist, and fail. */
async function checkpoint(world: World, guest: Guest, verb: Verb, log: string[]): Promise<void> {
  const id = String(guest.vmid);
  const dump = "/var/lib/vz/dump";
  const twice = world.tasks.running(["vzresume"], id).length > 1;
  await world.pause(1_500);
  if (verb === "suspend") {
    log.push(
      `lxc-checkpoint: ${id}: ../src/lxc/criu.c: do_dump: 1297 dump failed with 1`,
      `lxc-checkpoint: ${id}: ../src/lxc/criu.c: do_dump: 1311 criu output: `,
      `lxc-checkpoint: ${id}: ../src/lxc/tools/lxc_checkpoint.c: checkpoint: 182 Checkpointing ${id} failed`,
    );
    throw new Error(`command 'lxc-checkpoint -n ${id} -s -D ${dump}' failed: exit code 1`);
  }
  guest.debris = true;
  log.push(
    ...(twice
      ? [
          `lxc-checkpoint: ${id}: ../src/lxc/commands.c: lxc_server_init: 2120 Container "${id}" appears to be already running`,
          `lxc-checkpoint: ${id}: ../src/lxc/commands.c: lxc_server_init: 2122 Address already in use - Failed to create command socket /var/lib/lxc/${id}/command`,
          `lxc-checkpoint: ${id}: ../src/lxc/start.c: lxc_init_handler: 748 Failed to set up command socket`,
        ]
      : []),
    `lxc-checkpoint: ${id}: ../src/lxc/criu.c: __criu_restore: 1403 restore process died`,
    `lxc-checkpoint: ${id}: ../src/lxc/tools/lxc_checkpoint.c: restore_finalize: 203 Restoring ${id} failed`,
  );
  throw new Error(`command 'lxc-checkpoint -n ${id} -r --foreground -D ${dump}' failed: exit code 1`);
}

function machine(world: World, guest: Guest, verb: Verb, params: Readonly<Record<string, string>>): Work {
  const id = String(guest.vmid);
  return (task, signal) => {
    if (verb === "stop" && params["overrule-shutdown"] === "1") {
      const overruled = world.tasks.running(["qmshutdown"], id);
      if (overruled.length > 0)
        task.log.push(`overruled qmshutdown tasks: ${overruled.map(({ upid }) => upid).join(", ")}`);
      for (const { interrupted } of overruled) interrupted.abort(new Silent("unexpected status"));
    }
    return withLock(world, guest, `/var/lock/qemu-server/lock-${id}.conf`, task.log, signal, async () => {
      const comesBack = guest.lock === "suspended" && (verb === "start" || verb === "resume");
      if (guest.lock !== undefined && !comesBack) throw new Error(`VM is locked (${guest.lock})`);
      switch (verb) {
        case "start":
          return startMachine(world, guest, task.log, signal);
        case "resume":
          if (comesBack) return startMachine(world, guest, task.log, signal);
          guest.paused = false;
          if (guest.frozenUptime !== undefined) guest.startedAt = Date.now() - guest.frozenUptime * 1_000;
          guest.frozenUptime = undefined;
          return;
        case "stop":
          if (guest.status === "running") await world.pause(500, signal);
          return world.guests.switchOff(guest);
        case "shutdown":
          if (guest.status === "stopped") return;
          return shutDown(world, guest, params, task.log, signal);
        case "reboot":
          await world.pause(4_000, signal);
          return;
        case "suspend":
          if (params["todisk"] === "1") return hibernate(world, guest, signal);
          guest.frozenUptime ??= Math.floor((Date.now() - guest.startedAt) / 1_000);
          guest.paused = true;
      }
    });
  };
}

async function startMachine(world: World, guest: Guest, log: string[], signal: AbortSignal): Promise<void> {
  if (guest.template) throw new Error("you can't start a vm if it's a template");
  if (guest.status === "running") throw new Error(`VM ${String(guest.vmid)} already running`);
  await world.pause(guest.behaviour.startMs, signal);
  const fails = guest.behaviour.failStart;
  if (fails) {
    log.push(...fails.log);
    throw new Error(fails.exit);
  }
  if (guest.lock === "suspended") {
    guest.lock = undefined;
    delete guest.config["vmstate"];
  }
  world.guests.switchOn(guest);
  warn(guest, log);
}

async function hibernate(world: World, guest: Guest, signal: AbortSignal): Promise<void> {
  const id = String(guest.vmid);
  guest.lock = "suspending";
  await world.pause(2_000, signal);
  if (guest.behaviour.failHibernate)
    throw new Error("unable to save vm state: no space left on storage 'local'");
  guest.config["vmstate"] = `local:${id}/vm-${id}-state-suspend.raw`;
  await world.guests.switchOff(guest);
  guest.lock = "suspended";
}

/** One after the other for each guest; whoever waits too long loses. */
async function withLock(
  world: World,
  guest: Guest,
  file: string,
  log: string[],
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  const before = guest.lockQueue;
  let release = (): void => undefined;
  let contended = true;
  void before.then(() => (contended = false));
  await Promise.resolve();
  await Promise.resolve();
  const mine = new Promise<void>((resolve) => (release = resolve));
  guest.lockQueue = Promise.all([before, mine]).then(() => undefined);
  try {
    if (contended) {
      log.push("trying to acquire lock...");
      const late = world.pause(LOCK_WAIT_MS, signal).then(() => "late" as const);
      if ((await Promise.race([before, late])) === "late")
        throw new Error(`can't lock file '${file}' - got timeout`);
      log.push(" OK");
    }
    await work();
  } finally {
    release();
  }
}

/** Of the guest's own time: not scaled. */
async function interruptible(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {
    throw signal.reason;
  });
}
