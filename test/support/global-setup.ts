import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startDockerd, type PrivateDockerd } from "./dockerd.ts";

/**
 * Runs in vitest's main process: a small broker on a unix socket, from which test files get the run's shared
 * dockerd. Nothing is started before somebody asks.
 */
export function setup(project: TestProject): () => Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "wakegate-broker-"));
  const path = join(dir, "broker.sock");
  let dockerd: Promise<PrivateDockerd> | undefined;

  const broker = createServer((socket) => {
    socket.on("error", () => undefined);
    dockerd ??= startDockerd();
    dockerd.then(
      ({ socketPath }) => socket.end(JSON.stringify({ socketPath })),
      (error: unknown) => socket.end(JSON.stringify({ error: String(error) })),
    );
  });
  broker.listen(path);
  broker.unref();
  project.provide("wakegateBroker", path);

  return async () => {
    broker.close();
    rmSync(dir, { recursive: true, force: true });
    await dockerd?.then(
      (daemon) => daemon[Symbol.asyncDispose](),
      () => undefined,
    );
  };
}
