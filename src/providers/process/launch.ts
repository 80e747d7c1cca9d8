import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { ProcessSpec } from "../../config/model.ts";

/**
 * Starts a command without a shell, as leader of its own process group, its output going to a file: nothing ties
 * it to Wakegate, which may end and come back. Failures come as the child's `error` event.
 *
 * @throws the file system's own error when the log cannot be written.
 */
export function launch(spec: ProcessSpec, logPath: string): ChildProcess {
  const [command = "", ...args] = spec.command;
  // Emptied first, then appended to: whoever empties it again leaves no hole.
  closeSync(openSync(logPath, "w", 0o600));
  const log = openSync(logPath, "a", 0o600);
  try {
    return spawn(command, args, {
      ...(spec.cwd !== undefined && { cwd: spec.cwd }),
      env: { ...inherited(), ...spec.env },
      stdio: ["ignore", log, log],
      detached: true,
      shell: false,
    });
  } finally {
    closeSync(log);
  }
}

/** Wakegate's environment without Wakegate's own settings, which may hold secrets. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("WAKEGATE_")));
}
