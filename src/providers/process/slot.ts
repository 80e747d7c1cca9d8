import { constants } from "node:os";
import type { ProcessSpec } from "../../config/model.ts";
import { messageOf } from "../../errors.ts";
import { sleep as delay, type Clock } from "../../lib/clock.ts";
import type { EngineChange, Exit, InstanceStatus, SleepRequest } from "../provider.ts";
import { signalGroup } from "../../lib/process-group.ts";
import { launch } from "./launch.ts";
import { probe } from "./probe.ts";
import type { Records, RunRecord } from "./record.ts";

/** How long a SIGKILL or a suspension may take. */
const SURE_THING_MS = 10_000;

/** One configured process: its latest run, and the steps that change it, one at a time. */
export class Slot {
  readonly name: string;
  spec: ProcessSpec;
  readonly #clock: Clock;
  readonly #records: Records;
  readonly #emit: (change: EngineChange) => void;
  #run: RunRecord | undefined;
  /** Settles when a child of ours has ended and its exit code is known. Unset for an adopted process. */
  #ended: Promise<void> | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    name: string,
    spec: ProcessSpec,
    deps: { clock: Clock; records: Records; emit: (change: EngineChange) => void },
  ) {
    this.name = name;
    this.spec = spec;
    this.#clock = deps.clock;
    this.#records = deps.records;
    this.#emit = deps.emit;
    this.#run = deps.records.read(name);
    this.noticeEnd();
  }

  get run(): RunRecord | undefined {
    return this.#run;
  }

  get status(): InstanceStatus {
    if (!this.#run) return "created";
    if (this.#run.exit) return "exited";
    const now = this.#probe();
    if (!now) return "exited";
    return now.suspended ? "paused" : "running";
  }

  /** True when nobody will tell us of its end: it runs, and another Wakegate started it. */
  get isAdopted(): boolean {
    return this.#run !== undefined && !this.#run.exit && !this.#ended;
  }

  /** Waits until the exit code of a run that the system knows to be over is known here too. */
  async settled(): Promise<void> {
    if (this.#ended && this.status === "exited") await this.#ended;
  }

  /** For adopted processes, whose exit code nobody can know. */
  noticeEnd(): void {
    if (!this.isAdopted || this.#probe()) return;
    this.#setExit({
      code: -1,
      oomKilled: false,
      at: this.#clock.now(),
      message: "its exit code is unknown: an earlier Wakegate started it",
    });
  }

  /** @throws whatever kept the command from starting. */
  wake(): Promise<void> {
    return this.#alone(async () => {
      const { status } = this;
      if (status === "running") return;
      if (status === "paused" && this.#run) {
        signalGroup(this.#run.pid, "SIGCONT");
        await this.#until(() => this.status !== "paused", SURE_THING_MS);
        this.#emit({ id: this.name, cause: "unpaused" });
        return;
      }
      await this.#start();
    });
  }

  /** @returns false when it still runs after all that was asked. @throws the signal's reason after an abort. */
  sleep(request: SleepRequest, graceMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#alone(async () => {
      signal.throwIfAborted();
      const { status } = this;
      if (!this.#run || (status !== "running" && status !== "paused")) return true;
      const { pid } = this.#run;
      if (request.method === "pause") {
        if (status === "paused") return true;
        signalGroup(pid, "SIGSTOP");
        const done = await this.#until(() => this.status !== "running", SURE_THING_MS, signal);
        this.#emit({ id: this.name, cause: "paused" });
        return done;
      }
      const name = (request.signal ?? (request.method === "kill" ? "SIGKILL" : "SIGTERM")) as NodeJS.Signals;
      this.#emit({ id: this.name, cause: "signalled", signal: name });
      signalGroup(pid, name);
      // A suspended process hears nothing but SIGKILL.
      if (status === "paused") signalGroup(pid, "SIGCONT");
      if (await this.#comesDown(pid, name === "SIGKILL" ? SURE_THING_MS : graceMs, signal)) return true;
      if (request.method === "kill") return false;
      signalGroup(pid, "SIGKILL");
      return this.#comesDown(pid, SURE_THING_MS, signal);
    });
  }

  async #start(): Promise<void> {
    // The end of the run before may be known to the system and not yet to us.
    await this.#ended;
    this.#records.prepare();
    const child = launch(this.spec, this.#records.logPath(this.name));
    const startedAt = this.#clock.now();
    if (child.pid !== undefined) {
      this.#run = { pid: child.pid, identity: probe(child.pid)?.identity ?? "", startedAt };
      this.#records.write(this.name, this.#run);
      this.#ended = new Promise((resolve) => {
        child.once("exit", (code, signal) => {
          const number = signal ? constants.signals[signal] : 0;
          this.#setExit({ code: code ?? 128 + number, oomKilled: false, at: this.#clock.now() });
          resolve();
        });
      });
    }
    // Wakegate may end while it runs.
    child.unref();
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (error) => {
        const exit = { code: 127, oomKilled: false, at: this.#clock.now(), message: messageOf(error) };
        this.#run = { pid: 0, identity: "", startedAt, exit };
        reject(error);
      });
    });
    this.#emit({ id: this.name, cause: "started" });
  }

  #setExit(exit: Exit): void {
    if (!this.#run) return;
    this.#run = { ...this.#run, exit };
    this.#ended = undefined;
    try {
      this.#records.write(this.name, this.#run);
    } catch {
      // A later Wakegate finds a process id that is no more, and concludes the same.
    }
    this.#emit({ id: this.name, cause: "died" });
  }

  /** Waits for the whole group, so that no helper outlives its leader; then for the exit code. */
  async #comesDown(pid: number, ms: number, signal: AbortSignal): Promise<boolean> {
    const done = await this.#until(() => !this.#probe() && !liveGroup(pid), ms, signal);
    if (done) {
      await this.#ended;
      this.noticeEnd();
    }
    return done;
  }

  #probe(): ReturnType<typeof probe> {
    if (!this.#run) return undefined;
    const now = probe(this.#run.pid);
    return now?.identity === this.#run.identity ? now : undefined;
  }

  async #until(condition: () => boolean, ms: number, signal?: AbortSignal): Promise<boolean> {
    const end = this.#clock.monotonic() + ms;
    for (let pauseMs = 1; !condition(); pauseMs = Math.min(pauseMs * 2, 100)) {
      const leftMs = end - this.#clock.monotonic();
      if (leftMs <= 0) return false;
      await delay(this.#clock, Math.min(pauseMs, leftMs), signal);
    }
    return true;
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

/** A leader that has ended and is not yet reaped still counts as a group, hence only after `probe`. */
function liveGroup(pid: number): boolean {
  return signalGroup(pid, 0);
}
