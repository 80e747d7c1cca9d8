import { join } from "node:path";
import { messageOf, WakegateError } from "../errors.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { temporaryName } from "./atomic-write.ts";
import type { Disk } from "./disk.ts";
import { parseState } from "./format.ts";
import type { TargetRecord } from "./store.ts";

/** What reading the state folder needs. */
export interface StateFolderOptions {
  /** Absolute path. Created with mode 0700 when missing. */
  readonly dir: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the folder held. */
export interface LoadedState {
  /** The state file's own path. */
  readonly path: string;
  readonly targets: ReadonlyMap<string, TargetRecord>;
}

/**
 * Prepares the state folder and reads the state file. A file that cannot be used is kept aside under another
 * name, said in the log, and an empty state takes its place.
 *
 * @throws WakegateError `state_unwritable` when the folder cannot be created, read or written.
 */
export async function loadStateFolder(options: StateFolderOptions): Promise<LoadedState> {
  const { disk } = options;
  const path = join(options.dir, "state.json");
  try {
    await disk.mkdir(options.dir, { recursive: true, mode: 0o700 });
    await proveWritable(disk, path);
    return { path, targets: await load(path, options) };
  } catch (error) {
    throw new WakegateError("state_unwritable", await explain(disk, options.dir, error), { cause: error });
  }
}

/** Creates and removes the temporary file: the same right that every later write needs. */
async function proveWritable(disk: Disk, path: string): Promise<void> {
  const temporary = temporaryName(path);
  const handle = await disk.open(temporary, "w", 0o600);
  await handle.close();
  await disk.rm(temporary);
}

async function load(path: string, options: StateFolderOptions): Promise<ReadonlyMap<string, TargetRecord>> {
  let text: string;
  try {
    text = await options.disk.readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
  const parsed = parseState(text);
  if (parsed.kind === "good" && parsed.spoilt.length === 0) return parsed.targets;

  const stamp = new Date(options.clock.now()).toISOString().replaceAll(/[:.]/g, "-");
  const aside = `${path}.corrupt-${stamp}`;
  if (parsed.kind === "bad") {
    await options.disk.rename(path, aside);
    options.log.error(
      "state_file_corrupt",
      `The state file cannot be used: ${parsed.reason}. It is kept as ${aside}; activity, wake history and known routes begin anew.`,
      { path, aside },
    );
    return new Map();
  }
  await options.disk.copyFile(path, aside);
  options.log.error(
    "state_records_corrupt",
    `The state file has records that cannot be read (${parsed.spoilt.join("; ")}). It is kept as ${aside}; the other records are in use.`,
    { path, aside, records: parsed.spoilt },
  );
  return parsed.targets;
}

async function explain(disk: Disk, dir: string, error: unknown): Promise<string> {
  const user = typeof process.getuid === "function" ? String(process.getuid()) : "unknown";
  const owner = await disk.stat(dir).then(
    (found) => `, which belongs to user ${String(found.uid)}`,
    () => "",
  );
  return (
    `The state folder ${dir}${owner}, cannot be used by user ${user}: ${messageOf(error)}. ` +
    `Give it to that user (chown -R ${user} ${dir}), mount it writable, or name another one with state_dir.`
  );
}
