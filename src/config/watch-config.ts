import { readFileSync, realpathSync, unwatchFile, watch, watchFile } from "node:fs";
import { dirname } from "node:path";
import { systemClock, type Clock } from "../lib/clock.ts";

/** For {@link watchConfig}. */
export interface WatchConfigOptions {
  /** Default: the machine's own time. */
  readonly clock?: Clock;
  /** Quiet time after the last sign of a change before the file is looked at, in ms. Default: 200. */
  readonly debounceMs?: number;
}

/** How often the file is looked at where the system cannot tell of changes, in ms. */
const POLL_MS = 3_000;

/**
 * Calls `onChange` after the content of the file became another one, until `signal` aborts. Folders are watched,
 * not the file: editors rename a new file over the old one, and orchestrators swap a link beside it
 * (`..data`). While the file is gone nothing is told. Does not keep the process alive. Never throws.
 */
export function watchConfig(
  path: string,
  onChange: () => void,
  signal: AbortSignal,
  options: WatchConfigOptions = {},
): void {
  if (signal.aborted) return;
  const { clock = systemClock, debounceMs = 200 } = options;
  let known = contentOf(path);
  let pending: Disposable | undefined;
  let watched = new Map<string, Disposable>();

  const look = (): void => {
    watched = follow(watched);
    const content = contentOf(path);
    if (content === undefined || content === known) return;
    known = content;
    onChange();
  };
  const noticed = (): void => {
    pending?.[Symbol.dispose]();
    pending = clock.after(debounceMs, look);
  };
  const poll = (): Disposable => {
    watchFile(path, { interval: POLL_MS, persistent: false }, noticed);
    return { [Symbol.dispose]: () => unwatchFile(path, noticed) };
  };
  const watchFolder = (folder: string): Disposable => {
    try {
      const watcher = watch(folder, { persistent: false }, noticed);
      // A folder that goes away: look again, which also watches what has taken its place.
      watcher.on("error", noticed);
      return { [Symbol.dispose]: () => watcher.close() };
    } catch {
      return poll();
    }
  };
  /** The folder that holds the name, and the one that holds what it leads to. */
  const follow = (before: ReadonlyMap<string, Disposable>): Map<string, Disposable> => {
    const folders = new Set([dirname(path), dirname(realPathOf(path))]);
    const after = new Map([...folders].map((folder) => [folder, before.get(folder) ?? watchFolder(folder)]));
    for (const [folder, watcher] of before) if (!folders.has(folder)) watcher[Symbol.dispose]();
    return after;
  };

  watched = follow(watched);
  signal.addEventListener(
    "abort",
    () => {
      pending?.[Symbol.dispose]();
      for (const watcher of watched.values()) watcher[Symbol.dispose]();
    },
    { once: true },
  );
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
