import type { EngineChange, InstanceStatus } from "../provider.ts";
import type { Current, Guest } from "./guest.ts";
import { statusOf } from "./guest.ts";

/** What is remembered of one guest between two looks. */
interface Known {
  status: InstanceStatus;
  /** Seconds, of the last live look. */
  uptime: number;
  /** When that was, in monotonic ms. */
  at: number;
  /** Empty: not seen running. */
  run: string;
  pid: number | undefined;
  /** Counts starts that the process id does not tell apart: after a host's restart it may be the same. */
  generation: number;
  cpu: { seconds: number; at: number } | undefined;
}

/** Seconds by which an uptime may lag behind because it was read in another second. */
const UPTIME_SLACK_S = 3;

/** The last live word about each guest, and what a newer one means. */
export class Memory {
  readonly #known = new Map<number, Known>();

  /** Takes a live look; returns what happened since the last one, in the order of happening. */
  observe(vmid: number, current: Current, time: LookTime): readonly EngineChange["cause"][] {
    const status = statusOf(current);
    const before = this.#known.get(vmid);
    const known: Known = before ?? {
      status,
      uptime: current.uptime,
      at: time.monotonic,
      run: "",
      pid: current.pid,
      generation: 0,
      cpu: undefined,
    };
    this.#known.set(vmid, known);
    const was = known.status;
    // Known to run, but only from a listing: this look names the run.
    const named = known.run === "" && was !== "exited";
    let newRun = false;
    if (status !== "exited") {
      const samePid = known.pid === current.pid;
      const restarted = known.run !== "" && current.uptime + UPTIME_SLACK_S < known.uptime;
      newRun = known.run === "" || !samePid || restarted || was === "exited";
      if (samePid && (restarted || (was === "exited" && known.run !== ""))) known.generation++;
      if (newRun) {
        known.run = runId(current, known.generation, time.wall);
        known.cpu = undefined;
      }
      known.pid = current.pid;
    }
    known.status = status;
    known.uptime = current.uptime;
    known.at = time.monotonic;
    return before ? causes(was, status, newRun && !named) : [];
  }

  /** A run's id, `""` for a guest that was not seen running. Call `observe` first. */
  runOf(vmid: number): string {
    return this.#known.get(vmid)?.run ?? "";
  }

  statusOf(vmid: number): InstanceStatus | undefined {
    return this.#known.get(vmid)?.status;
  }

  /**
   * Takes an entry of a listing, at monotonic time `now`. True when it contradicts the last live look, so that
   * another one is due. A listing is up to `LISTING_AGE_S` old: an uptime that is too long for the known run belongs
   * to the run before it.
   */
  contradicts(guest: Guest, now: number): boolean {
    const known = this.#known.get(guest.vmid);
    if (guest.status === "unknown") return false;
    if (!known) {
      const status = guest.status === "running" ? "running" : "exited";
      const { uptime, vmid } = guest;
      const rest = { run: "", pid: undefined, generation: 0, cpu: undefined };
      this.#known.set(vmid, { status, uptime, at: now, ...rest });
      return false;
    }
    const runs = guest.status === "running";
    if (runs !== (known.status !== "exited")) return true;
    if (!runs) return false;
    // A paused machine's uptime stands still.
    if (known.status === "paused") return guest.uptime > known.uptime + UPTIME_SLACK_S;
    const expected = known.uptime + (now - known.at) / 1_000;
    return guest.uptime + UPTIME_SLACK_S < expected - LISTING_AGE_S;
  }

  /** CPU seconds of the run so far, put together from the shares that Proxmox tells. `now` in monotonic ms. */
  cpuSeconds(vmid: number, current: Current, now: number): number {
    const known = this.#known.get(vmid);
    const share = current.cpu * current.cpus;
    const before = known?.cpu;
    const seconds = before
      ? before.seconds + share * Math.max(0, (now - before.at) / 1_000)
      : share * current.uptime;
    if (known) known.cpu = { seconds, at: now };
    return seconds;
  }

  forget(vmid: number): void {
    this.#known.delete(vmid);
  }
}

/** When a look was made, in ms. */
export interface LookTime {
  readonly wall: number;
  readonly monotonic: number;
}

/** How old the numbers of a listing may be. */
const LISTING_AGE_S = 12;

/** The process id stays the same for every observer, also for a Wakegate that comes later. */
function runId({ pid, uptime }: Current, generation: number, now: number): string {
  const base = pid === undefined ? `up${String(Math.round(now / 1_000 - uptime))}` : `pid${String(pid)}`;
  return generation === 0 ? base : `${base}#${String(generation)}`;
}

function causes(was: InstanceStatus, now: InstanceStatus, newRun: boolean): readonly EngineChange["cause"][] {
  if (was === "exited") {
    if (now === "exited") return [];
    return now === "paused" ? ["started", "paused"] : ["started"];
  }
  if (now === "exited") return ["died"];
  if (newRun && was !== now) return ["died", "started", ...(now === "paused" ? (["paused"] as const) : [])];
  if (was === "running" && now === "paused") return ["paused"];
  if (was === "paused" && now === "running") return ["unpaused"];
  return newRun ? ["died", "started"] : [];
}
