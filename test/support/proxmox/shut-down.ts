import { setTimeout as delay } from "node:timers/promises";
import type { Guest } from "./guests.ts";
import type { World } from "./world.ts";

/** A guest that is asked to end: it does, or is killed, or goes on. @throws Error with the task's text. */
export async function shutDown(
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

/** Of the guest's own time: not scaled. */
async function interruptible(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {
    throw signal.reason;
  });
}
