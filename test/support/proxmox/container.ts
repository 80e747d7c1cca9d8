import { textOf, type Guest } from "./guests.ts";
import { withLock } from "./guest-lock.ts";
import type { Verb } from "./power.ts";
import { shutDown } from "./shut-down.ts";
import { Silent, type Work } from "./tasks.ts";
import { warn } from "./warnings.ts";
import type { World } from "./world.ts";

/** How long a second start waits for the monitor of a container that the first one has started. */
const MONITOR_WAIT_MS = 10_000;

/** What a power task of a container does. */
export function container(
  world: World,
  guest: Guest,
  verb: Verb,
  params: Readonly<Record<string, string>>,
): Work {
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

/** Checkpoints of containers exist, and fail. */
async function checkpoint(world: World, guest: Guest, verb: Verb, log: string[]): Promise<void> {
  const id = String(guest.vmid);
  const dump = "/var/lib/vz/dump";
  const twice = world.tasks.running(["vzresume"], id).length > 1;
  await world.pause(guest.behaviour.startMs);
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
