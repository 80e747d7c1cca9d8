import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { importImages } from "./images.ts";
import { RawDocker } from "./raw-docker.ts";

/** A Podman service of our own, with the images of `images.ts`. */
export interface PrivatePodman extends AsyncDisposable {
  readonly socketPath: string;
  /** Docker's API, as Podman speaks it. */
  readonly raw: RawDocker;
}

const GUARD = new URL("./podman-guard.sh", import.meta.url).pathname;

/** Starts Podman with its own storage and socket, as root. One at a time: its network has fixed addresses. */
export async function startPodman(): Promise<PrivatePodman> {
  const dir = mkdtempSync(join(tmpdir(), "wakegate-podman-"));
  // Detached: Ctrl-C is for the test run, whose end closes the pipe.
  const guard = spawn("sh", [GUARD, dir], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  const socketPath = join(dir, "podman.sock");
  const raw = new RawDocker(socketPath);
  const end = async (): Promise<void> => {
    if (guard.exitCode !== null) return;
    const ended = once(guard, "exit");
    guard.ref();
    guard.stdin.end();
    await ended;
  };
  try {
    await answers(raw, join(dir, "podman.log"));
    await importImages(socketPath, dir);
  } catch (error) {
    await end();
    throw error;
  }
  guard.unref();
  return { socketPath, raw, [Symbol.asyncDispose]: end };
}

async function answers(raw: RawDocker, log: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const version = await raw.call("GET", "/version").catch(() => undefined);
    if (version !== undefined) return;
    if (tries > 300) throw new Error(`podman did not start: ${readFileSync(log, "utf8").slice(-2_000)}`);
    await delay(100);
  }
}
