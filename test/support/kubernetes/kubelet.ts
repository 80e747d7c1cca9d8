import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

const SLEEPY = fileURLToPath(new URL("../images/sleepy.mjs", import.meta.url));
/** The port that every pod listens on, each at its own address. */
export const POD_PORT = 8080;

/** How a container is run. */
export interface ContainerPlan {
  readonly env: Readonly<Record<string, string>>;
  readonly address: string;
  readonly graceMs: number;
  /** Its readiness probe asks whether its port is open; without one it is ready as soon as it runs. */
  readonly probed: boolean;
  /** It is never started, as an image that cannot be pulled. */
  readonly waiting?: { readonly reason: string; readonly message: string };
}

/** What a kubelet knows of a container. */
export interface ContainerView {
  readonly state: "waiting" | "running" | "crashed";
  readonly ready: boolean;
  readonly restarts: number;
  readonly startedAt?: string;
  readonly ended?: { readonly exitCode: number; readonly finishedAt: string };
}

/** Runs one container as a real process of this machine, and starts it anew whenever it ends, later each time. */
export class Container {
  readonly #plan: ContainerPlan;
  readonly #changed: () => void;
  readonly #leaving = new AbortController();
  #child: ChildProcess | undefined;
  #log = "";
  #view: ContainerView = { state: "waiting", ready: false, restarts: 0 };
  readonly #life: Promise<void>;

  constructor(plan: ContainerPlan, changed: () => void) {
    this.#plan = plan;
    this.#changed = changed;
    this.#life = plan.waiting ? Promise.resolve() : this.#live();
  }

  get view(): ContainerView {
    return this.#view;
  }

  get log(): string {
    return this.#log;
  }

  /** SIGTERM, and SIGKILL when the grace is over. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#leaving.abort();
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), this.#plan.graceMs);
      await this.#life;
      clearTimeout(late);
    }
    await this.#life;
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  async #live(): Promise<void> {
    for (let run = 0; !this.#leaving.signal.aborted; run++) {
      if (run > 0) await pause(Math.min(2_000, 50 * 2 ** run), this.#leaving.signal);
      if (this.#leaving.signal.aborted) return;
      await this.#runOnce(run);
    }
  }

  async #runOnce(restarts: number): Promise<void> {
    const { env, address, probed } = this.#plan;
    this.#log = "";
    const child = spawn(process.execPath, [SLEEPY], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...env, PORT: String(POD_PORT), HOST: address },
    });
    this.#child = child;
    const take = (text: string): void => void (this.#log += text);
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    const closed = once(child, "close");
    this.#see({ state: "running", ready: !probed, restarts, startedAt: new Date().toISOString() });
    if (probed) void this.#probe(child, address);
    await closed;
    const exitCode = child.exitCode ?? 128 + (child.signalCode === "SIGKILL" ? 9 : 15);
    const ended = { exitCode, finishedAt: new Date().toISOString() };
    this.#see({ state: "crashed", ready: false, restarts, ended });
  }

  async #probe(child: ChildProcess, address: string): Promise<void> {
    while (child.exitCode === null && child.signalCode === null) {
      if (await isOpen(address)) {
        if (child === this.#child && this.#view.state === "running")
          this.#see({ ...this.#view, ready: true });
        return;
      }
      await pause(30, this.#leaving.signal);
      if (this.#leaving.signal.aborted) return;
    }
  }

  #see(view: ContainerView): void {
    this.#view = view;
    this.#changed();
  }
}

function isOpen(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(POD_PORT, address);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
