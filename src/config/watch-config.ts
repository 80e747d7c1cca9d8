import { readFileSync, realpathSync, statSync, unwatchFile, watch, watchFile } from "node:fs";
import { dirname } from "node:path";
import { systemClock, type Clock } from "../lib/clock.ts";

/** For {@link watchConfig}. */
export interface WatchConfigOptions {
  /** Default: the machine's own time. */
  readonly clock?: Clock;
  /** Quiet time after the last sign of a change before the file is looked at, in ms. Default: 200. */
  readonly debounceMs?: number;
  /** How often the file is looked at besides, in ms. Default: 3 s. */
  readonly pollMs?: number;
  /**
   * Called once when the file lost its last name while it is still to be read: it is a mount of its own, and on the
   * other side of the mount it was replaced. What is read here stays as it is until the mount is made again.
   */
  readonly onReplaced?: () => void;
}

/** How often the file is looked at where the system does not report changes, as on network file systems, in ms. */
const POLL_MS = 3_000;

/**
 * Calls `onChange` after the content of the file became another one, until `signal` aborts. Watched are the folders
 * (editors rename a new file over the old one, and orchestrators swap a link beside it), the file itself (a file that
 * is mounted alone changes without its folder), and both by polling, for file systems that report nothing. While the
 * file is gone nothing is reported. Does not keep the process alive. Never throws.
 */
export function watchConfig(
  path: string,
  onChange: () => void,
  signal: AbortSignal,
  options: WatchConfigOptions = {},
): void {
  if (signal.aborted) return;
  const { clock = systemClock, debounceMs = 200, pollMs = POLL_MS, onReplaced } = options;
  let known = contentOf(path);
  let replaced = false;
  let pending: Disposable | undefined;
  let watched = new Map<string, Disposable>();

  const look = (): void => {
    watched = follow(watched);
    const nameless = linksOf(path) === 0;
    if (nameless && !replaced) onReplaced?.();
    replaced = nameless;
    const content = contentOf(path);
    if (content === undefined || content === known) return;
    known = content;
    onChange();
  };
  const noticed = (): void => {
    pending?.[Symbol.dispose]();
    pending = clock.after(debounceMs, look);
  };
  const watchOne = (entry: string): Disposable => {
    try {
      const watcher = watch(entry, { persistent: false }, noticed);
      // One that goes away: look again, which also watches what has taken its place.
      watcher.on("error", noticed);
      return { [Symbol.dispose]: () => watcher.close() };
    } catch {
      // Too many watchers, or nothing there: polling remains.
      return { [Symbol.dispose]: () => undefined };
    }
  };
  /** The folder that holds the name, the one that holds what it leads to, and the file with its number. */
  const follow = (before: ReadonlyMap<string, Disposable>): Map<string, Disposable> => {
    const real = realPathOf(path);
    const entries = new Map([dirname(path), dirname(real)].map((folder) => [folder, folder]));
    entries.set(`${real} ${String(numberOf(real))}`, real);
    const after = new Map(
      [...entries].map(([id, entry]) => [id, before.get(id) ?? watchOne(entry)] as const),
    );
    for (const [id, watcher] of before) if (!entries.has(id)) watcher[Symbol.dispose]();
    return after;
  };

  watched = follow(watched);
  watchFile(path, { interval: pollMs, persistent: false }, noticed);
  signal.addEventListener(
    "abort",
    () => {
      pending?.[Symbol.dispose]();
      unwatchFile(path, noticed);
      for (const watcher of watched.values()) watcher[Symbol.dispose]();
    },
    { once: true },
  );
}

/**
 * Whether the file is a mount of its own, as `-v ./wakegate.yaml:/etc/wakegate.yaml` makes it: when it is replaced on
 * the other side, as most editors do, the old one stays mounted. False for configs and secrets of Docker, which never
 * change while a container runs, and where the system does not say.
 */
export function isMountedAlone(path: string, mountInfo = "/proc/self/mountinfo"): boolean {
  const real = realPathOf(path);
  return (contentOf(mountInfo) ?? "").split("\n").some((line) => {
    const [, , , root = "", point = ""] = line.split(" ").map(unescaped);
    return point === real && !/\/mounts\/(configs|secrets)\//.test(root);
  });
}

/** The kernel writes space, tab, line end and backslash in octal. */
function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function linksOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.nlink;
}

function numberOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
