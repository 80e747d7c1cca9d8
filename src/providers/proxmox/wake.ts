import { sleep } from "../../lib/clock.ts";
import { ProviderError, type WakePatience } from "../provider.ts";
import type { Cluster, Look } from "./cluster.ts";
import { ProxmoxError } from "./errors.ts";
import { labelOf, type Current, type Guest } from "./guest.ts";
import { activeTasks, parseUpid, taskEnd, taskError, type Task } from "./tasks.ts";

/** Times that tests shorten, in ms. */
export interface WakeTimes {
  /** Between two looks at something that is in the way. */
  readonly lookMs: number;
  /** After a power call whose answer never came, until we look what it did. */
  readonly afterLossMs: number;
}

/** Between two looks at a container that is shutting down: it takes seconds, and a visitor waits. */
const SHORT_LOOK_MS = 250;
const SHUTTING_DOWN = "it is still shutting down";

const TIMES: WakeTimes = { lookMs: 1_000, afterLossMs: 2_000 };

const STARTS = ["vzstart", "qmstart", "qmresume", "hastart"];
const STOPS = ["vzshutdown", "vzstop", "vzreboot", "qmshutdown", "qmstop", "qmreboot", "hastop"];

/** One wake of one guest, from the first look to the engine's word that it runs. */
export class Wake {
  readonly #cluster: Cluster;
  readonly #vmid: number;
  readonly #patience: WakePatience;
  readonly #signal: AbortSignal;
  readonly #times: WakeTimes;
  readonly #end: number;
  #moved = 0;
  #lost = 0;
  #told: string | undefined;

  constructor(
    cluster: Cluster,
    vmid: number,
    patience: WakePatience,
    signal: AbortSignal,
    times: Partial<WakeTimes> = {},
  ) {
    this.#cluster = cluster;
    this.#vmid = vmid;
    this.#patience = patience;
    this.#signal = signal;
    this.#times = { ...TIMES, ...times };
    this.#end = cluster.clock.monotonic() + patience.withinMs;
  }

  /**
   * Starts or resumes the guest. Before each power call the guest is looked at, and after it the task is the
   * judge: "running" alone proves nothing while a start is still being carried out.
   *
   * @throws ProviderError with the task's own words when it cannot be started.
   */
  async run(): Promise<void> {
    for (let look = await this.#look(); ; look = await this.#look()) {
      const { guest, current } = look;
      if (current.power === "on") {
        const ending = await this.#oneOf(guest, STOPS);
        if (!ending) return this.#untilStarted(guest);
        await this.#wait(SHUTTING_DOWN, ending);
      } else if (current.power === "shutting_down") {
        await this.#wait(SHUTTING_DOWN);
      } else if (blocks(current)) {
        await this.#wait(`${labelOf(guest)} is locked (${current.lock ?? ""})`);
      } else if (await this.#start(look)) return;
    }
  }

  /** A start that someone else has under way may still fail: it is waited for. */
  async #untilStarted(guest: Guest): Promise<void> {
    const starting = await this.#oneOf(guest, STARTS);
    if (starting) await this.#judge(guest, starting);
  }

  /** True when it runs. False: look again. */
  async #start({ guest, current }: Look): Promise<boolean> {
    const isPaused = current.power === "paused";
    this.#say(undefined);
    // A power call whose answer was lost may have been carried out: its task is looked for before another is sent.
    const task =
      (this.#lost > 0 ? await this.#oneOf(guest, STARTS) : undefined) ??
      (await this.#post(guest, isPaused ? "resume" : "start"));
    if (!task) return false;
    if (!(await this.#judge(guest, task))) return false;
    if (current.ha && !isPaused) await this.#untilRunning(guest);
    // Tells those who follow that it was started.
    await this.#cluster.look(this.#vmid, this.#signal).catch(() => undefined);
    this.#signal.throwIfAborted();
    return true;
  }

  /** The power call. Undefined: it led to nothing that can be waited for. */
  async #post({ node, type, vmid }: Guest, verb: "start" | "resume"): Promise<Task | undefined> {
    try {
      const upid = await this.#cluster.call<unknown>(this.#signal, (api) => {
        if (type === "lxc") return api.nodes.$(node).lxc.$(vmid).status.start.$post();
        const { status } = api.nodes.$(node).qemu.$(vmid);
        return verb === "resume" ? status.resume.$post() : status.start.$post();
      });
      return parseUpid(upid);
    } catch (error) {
      this.#signal.throwIfAborted();
      return this.#afterRefusal(error);
    }
  }

  /** Undefined: look again. */
  async #afterRefusal(error: unknown): Promise<Task | undefined> {
    if (!(error instanceof ProviderError)) throw error;
    const reason = error instanceof ProxmoxError ? (error.reason ?? "") : "";
    if (error.code === "engine_unreachable" || error.code === "engine_timeout") {
      // It may have been carried out all the same: never sent again before a look has shown that it was not.
      this.#lost++;
      await this.#waitOut(error, this.#times.afterLossMs);
      return undefined;
    }
    if (error.code === "not_found") {
      if (++this.#moved > 1) throw error;
      await this.#cluster.refresh(this.#signal);
      return undefined;
    }
    // Either it runs, or it is going down: the next look tells.
    if (/already running|not running/.test(reason)) {
      await this.#pause(SHUTTING_DOWN);
      return undefined;
    }
    if (/is locked|got timeout|no quorum/.test(reason)) {
      await this.#wait(reason);
      return undefined;
    }
    throw error;
  }

  /** Waits for a start's verdict. True: done. False: look again. @throws with the task's words. */
  async #judge(guest: Guest, task: Task): Promise<boolean> {
    const end = await taskEnd(this.#cluster, task, this.#leftMs() + 30_000, this.#signal);
    if (end.kind === "ok") return true;
    if (end.kind === "unknown") {
      await this.#pause("its start is under way");
      return false;
    }
    const { exit } = end;
    if (/is locked \(/.test(exit) || /can't lock file .* got timeout/.test(exit)) {
      await this.#wait(exit);
      return false;
    }
    if (exit.endsWith("already running")) return false;
    if (/^Configuration file '.*' does not exist/.test(exit) && this.#moved++ === 0) {
      await this.#cluster.refresh(this.#signal);
      return false;
    }
    throw await taskError(this.#cluster, `starting ${labelOf(guest)}`, task, exit, this.#signal);
  }

  /** HA only files the request: its rounds take some 10 s, and the guest may come up on another node. */
  async #untilRunning(guest: Guest): Promise<void> {
    for (let look = await this.#look(); look.current.power === "off"; look = await this.#look()) {
      if (look.current.ha?.state === "error") {
        const message = `HA has given up on ${labelOf(guest)}: its resource is in state error`;
        throw new ProxmoxError("engine_failed", this.#cluster.engine, message);
      }
      this.#say("HA has not started it yet");
      await this.#pause("HA has not started it yet");
    }
  }

  async #look(): Promise<Look> {
    for (;;) {
      try {
        return await this.#cluster.mustLook(this.#vmid, this.#signal);
      } catch (error) {
        const passes =
          error instanceof ProviderError &&
          (error.code === "engine_unreachable" || error.code === "engine_timeout");
        if (!passes) throw error;
        await this.#waitOut(error, this.#times.lookMs);
      }
    }
  }

  /** The API daemon restarts within seconds: an outage is waited out while the wake has time. @throws it then. */
  async #waitOut(outage: ProviderError, ms: number): Promise<void> {
    if (this.#leftMs() <= 0) throw outage;
    this.#say(`Proxmox does not answer: ${outage.message}`);
    await sleep(this.#cluster.clock, Math.min(ms, Math.max(1, this.#leftMs())), this.#signal);
  }

  #say(why: string | undefined): void {
    if (why !== this.#told) this.#patience.onWaiting(why);
    this.#told = why;
  }

  async #oneOf(
    guest: Pick<Guest, "node" | "type" | "vmid">,
    types: readonly string[],
  ): Promise<Task | undefined> {
    const known = this.#cluster.guests.get(guest.vmid);
    if (!known) return undefined;
    const tasks = await activeTasks(this.#cluster, known, types, this.#signal).catch(() => []);
    this.#signal.throwIfAborted();
    return tasks[0];
  }

  /** Waits for something that passes by itself, and says so. @throws when the time for the wake is over. */
  async #wait(why: string, task?: Task): Promise<void> {
    this.#say(why);
    if (!task) return this.#pause(why);
    await taskEnd(this.#cluster, task, Math.max(1, this.#leftMs()), this.#signal).catch((error: unknown) => {
      this.#signal.throwIfAborted();
      if (!(error instanceof ProviderError)) throw error;
    });
    if (this.#leftMs() <= 0) throw this.#tooLate(why);
  }

  async #pause(why: string): Promise<void> {
    if (this.#leftMs() <= 0) throw this.#tooLate(why);
    const ms = why === SHUTTING_DOWN ? Math.min(this.#times.lookMs, SHORT_LOOK_MS) : this.#times.lookMs;
    await sleep(this.#cluster.clock, ms, this.#signal);
  }

  #tooLate(why: string): ProxmoxError {
    const waited = `${why}; that did not pass within ${String(Math.round(this.#patience.withinMs / 1_000))} s`;
    const hint = /\(suspending\)/.test(why)
      ? `. A hibernation that failed leaves this lock behind: qm unlock ${String(this.#vmid)}`
      : "";
    return new ProxmoxError("engine_failed", this.#cluster.engine, `${waited}${hint}`);
  }

  #leftMs(): number {
    return this.#end - this.#cluster.clock.monotonic();
  }
}

/**
 * Whether its lock keeps a guest from being woken. A hibernated machine is brought back by its start; a paused machine
 * may be resumed during a backup, and one that runs only for its backup (`prelaunch`) is resumed by a start.
 */
function blocks({ lock, power }: Current): boolean {
  if (lock === undefined || lock === "suspended") return false;
  return !(lock === "backup" && (power === "paused" || power === "prelaunch"));
}
