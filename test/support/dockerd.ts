import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { inject } from "vitest";
import { importImages } from "./images.ts";
import { RawDocker } from "./raw-docker.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Socket of the run's broker (global-setup.ts); absent outside of a run with it. */
    readonly wakegateBroker: string;
  }
}

/** A dockerd of our own, with the images of `images.ts`. */
export interface PrivateDockerd extends AsyncDisposable {
  readonly socketPath: string;
  /** Process id of the daemon itself, for tests that suspend or kill it. */
  readonly pid: number;
  /** kill -9 of the daemon alone: its containers run on until the next start. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Kills the daemon if it lives and starts it again on the same data and socket; resolves when it answers. */
  restart(): Promise<void>;
}

const GUARD = new URL("./dockerd-guard.sh", import.meta.url).pathname;
const FIRST_NET = 213;
const LAST_NET = 239;

/**
 * The dockerd that all test files of a run share: started by the first who asks, ended with the run. Give
 * containers and networks names of your own and remove them; others use it at the same time.
 */
export async function sharedDockerd(): Promise<RawDocker> {
  const answer = JSON.parse(await ask(inject("wakegateBroker"))) as { socketPath?: string; error?: string };
  if (!answer.socketPath) throw new Error(`the tests' dockerd did not start: ${answer.error ?? "no reason"}`);
  return new RawDocker(answer.socketPath);
}

function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    connect(path)
      .on("data", (chunk) => (text += chunk.toString()))
      .on("end", () => resolve(text))
      .on("error", reject);
  });
}

/**
 * Starts a dockerd with its own data, socket, bridge and addresses (10.213.0.0/16 or the next free ones), as
 * root and beside any other. For a test that restarts or breaks the daemon; all others share one.
 *
 * @throws Error with the tail of the daemon's log.
 */
export async function startDockerd(options: { images?: boolean } = {}): Promise<PrivateDockerd> {
  let reason = "";
  for (const driver of ["overlay2", "vfs"]) {
    for (let net = FIRST_NET; net <= LAST_NET; net++) {
      const dir = mkdtempSync(join(tmpdir(), "wakegate-dockerd-"));
      const started = await tryStart(dir, net, driver);
      if (typeof started === "object") {
        if (options.images !== false) await importImages(started.socketPath, dir);
        return started;
      }
      rmSync(dir, { recursive: true, force: true });
      if (started === "taken") continue;
      reason = started;
      break;
    }
  }
  throw new Error(reason || "no free addresses between 10.213 and 10.239");
}

async function tryStart(dir: string, net: number, driver: string): Promise<PrivateDockerd | string> {
  const args = [GUARD, dir, `wgt${String(net)}`, `10.${String(net)}`, driver];
  // Detached: Ctrl-C is for the test run, whose end closes the pipe.
  const guard = spawn("sh", args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  const socketPath = join(dir, "docker.sock");
  const raw = new RawDocker(socketPath);
  for (let tries = 0; tries < 300; tries++) {
    if (guard.exitCode !== null)
      return guard.exitCode === 75 ? "taken" : "the network bridge could not be made";
    const pid = daemonPid(dir);
    if (pid !== undefined && (await raw.call("GET", "/_ping").catch(ignorePlainText)) === "up") {
      guard.unref();
      return new RunningDockerd(dir, raw, guard, pid);
    }
    if (tries > 5 && /failed to start daemon|level=fatal/.test(log(dir))) break;
    await delay(100);
  }
  const tail = log(dir).split("\n").slice(-6).join("\n");
  await end(guard);
  return `dockerd (${driver}): ${tail}`;
}

class RunningDockerd implements PrivateDockerd {
  readonly #dir: string;
  readonly #raw: RawDocker;
  readonly #guard: ChildProcess;
  #pid: number;

  constructor(dir: string, raw: RawDocker, guard: ChildProcess, pid: number) {
    this.#dir = dir;
    this.#raw = raw;
    this.#guard = guard;
    this.#pid = pid;
  }

  get socketPath(): string {
    return this.#raw.socketPath;
  }

  get pid(): number {
    return this.#pid;
  }

  async kill(): Promise<void> {
    if (runs(this.#pid)) process.kill(this.#pid, "SIGKILL");
    while (runs(this.#pid)) await delay(20);
  }

  async restart(): Promise<void> {
    await this.kill();
    rmSync(join(this.#dir, "docker.pid"), { force: true });
    this.#guard.stdin?.write("start\n");
    for (let tries = 0; tries < 600; tries++) {
      const pid = daemonPid(this.#dir);
      if (pid !== undefined && (await this.#raw.call("GET", "/_ping").catch(ignorePlainText)) === "up") {
        this.#pid = pid;
        return;
      }
      await delay(100);
    }
    throw new Error(`dockerd did not come back: ${log(this.#dir).split("\n").slice(-6).join("\n")}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return end(this.#guard);
  }
}

/** A killed daemon that its parent has not noticed yet does not run any more. */
function runs(pid: number): boolean {
  const stat = read(`/proc/${String(pid)}/stat`);
  return stat !== "" && !/\) [ZX] /.test(stat);
}

/** `/_ping` answers "OK", which is no JSON. */
function ignorePlainText(error: unknown): "up" | undefined {
  return error instanceof SyntaxError ? "up" : undefined;
}

function end(guard: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (guard.exitCode !== null || guard.signalCode !== null) return resolve();
    guard.ref();
    guard.once("exit", () => resolve());
    guard.stdin?.end();
  });
}

function daemonPid(dir: string): number | undefined {
  const pid = Number(read(join(dir, "docker.pid")));
  return pid > 0 ? pid : undefined;
}

function log(dir: string): string {
  return read(join(dir, "dockerd.log"));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
