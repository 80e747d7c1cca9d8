import type { Guest } from "./guests.ts";
import { withLock } from "./guest-lock.ts";
import type { Verb } from "./power.ts";
import { shutDown } from "./shut-down.ts";
import { Silent, type Work } from "./tasks.ts";
import { warn } from "./warnings.ts";
import type { World } from "./world.ts";

/** What a power task of a machine does. */
export function machine(
  world: World,
  guest: Guest,
  verb: Verb,
  params: Readonly<Record<string, string>>,
): Work {
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
      const inBackup = guest.lock === "backup" && guest.status === "running";
      const resumes = inBackup && (verb === "start" || verb === "resume");
      if (guest.lock !== undefined && !comesBack && !resumes) throw new Error(`VM is locked (${guest.lock})`);
      switch (verb) {
        case "start":
          // A start during a backup resumes the machine in the QEMU that runs.
          if (inBackup && guest.prelaunch) return world.guests.leavePrelaunch(guest);
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
