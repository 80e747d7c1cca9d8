import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AsyncStack } from "../../../src/lib/disposables.ts";
import { freePort } from "../../support/free-port.ts";
import { eventually } from "./visit.ts";
import { startWakegate, type RunningWakegate } from "./wakegate.ts";

/** A local program behind a listener of Wakegate. */
export interface Sleeper {
  /** Written down with its process id at every start. */
  readonly command: readonly string[];
  readonly port: number;
  /** More keys of the target. */
  readonly keys?: Readonly<Record<string, unknown>>;
  /** Where Wakegate listens for it; own ones by default. */
  readonly listen?: number;
  readonly forward?: Readonly<Record<string, unknown>>;
}

export interface Scene extends AsyncDisposable {
  readonly wakegate: RunningWakegate;
  /** Wakegate's port for a target. */
  at(target: string): number;
  /**
   * Writes targets anew with these keys over their own (undefined takes a key away) and waits until that is in
   * force. In place of keys undefined takes the target away, until it is given keys again.
   */
  edit(changes: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>): Promise<void>;
  /** How often a target was started. */
  starts(target: string): Promise<number>;
  /** How often it went to sleep; the first look at a target that never ran does not count. */
  sleeps(target: string): number;
}

/** `wakegate serve` with process targets, and nothing left of them afterwards. */
export async function stage(folder: string, sleepers: Readonly<Record<string, Sleeper>>): Promise<Scene> {
  const stack = new AsyncStack();
  const ports = new Map<string, number>();
  const targets: Record<string, Readonly<Record<string, unknown>>> = {};
  const gone = new Set<string>();
  const log = (name: string): string => join(folder, `${name}.starts`);
  const started = async (name: string): Promise<number[]> =>
    (await readFile(log(name), "utf8")).trim().split("\n").filter(Boolean).map(Number);
  for (const [name, { command, port, keys, listen, forward }] of Object.entries(sleepers)) {
    const at = listen ?? (await freePort());
    ports.set(name, at);
    await appendFile(log(name), "");
    targets[name] = {
      process: { command: ["sh", "-c", 'echo $$ >> "$0"; exec "$@"', log(name), ...command] },
      tcp: [{ listen: `127.0.0.1:${String(at)}`, port, ...forward }],
      port,
      idle_timeout: "1s",
      ...keys,
    };
  }
  // Targets outlive Wakegate; this comes after its end.
  stack.defer(async () => {
    for (const name of Object.keys(sleepers)) for (const pid of await started(name)) end(pid);
  });
  // JSON is YAML.
  const yaml = (): string => {
    const left = Object.entries(targets).filter(([name]) => !gone.has(name));
    return `targets: ${JSON.stringify(Object.fromEntries(left))}`;
  };
  const wakegate = stack.use(await startWakegate({ yaml: yaml() }));
  const reloads = (): number => wakegate.log().filter(({ event }) => event === "reloaded").length;
  return {
    wakegate,
    async edit(changes) {
      const before = reloads();
      for (const [name, keys] of Object.entries(changes)) {
        if (keys) targets[name] = { ...targets[name], ...keys };
        if (keys) gone.delete(name);
        else gone.add(name);
      }
      await wakegate.configure(yaml());
      await eventually("the reload", () => reloads() > before);
    },
    at: (target) => ports.get(target) ?? 0,
    starts: async (target) => (await started(target)).length,
    sleeps: (name) =>
      wakegate.log().filter(({ event, target, msg }) => {
        return event === "target_asleep" && target === name && !msg.endsWith("(created)");
      }).length,
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

function end(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // It sleeps.
  }
}
