import { loadSettings } from "../../src/config/load.ts";
import { loadText } from "../config/support.ts";
import type { Settings } from "../../src/config/model.ts";
import type { TargetRecord } from "../../src/store/store.ts";
import { Registry } from "../../src/watchers/registry/registry.ts";
import type { Watcher } from "../../src/watchers/watcher.ts";
import type { FakeProc } from "../support/fake-proc.ts";
import { FakeWorld } from "../support/fake-world.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

/** A registry over a fake engine on a virtual clock. Readiness is "it runs" unless labels say otherwise. */
export interface Rig extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly world: FakeWorld;
  readonly store: MemoryStore;
  readonly log: RecordingLog;
  readonly registry: Registry;
  readonly settings: Settings;
  watcher(name: string): Watcher;
  state(name: string): string;
}

export interface RigOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The configuration file. Default: none. */
  readonly yaml?: string;
  readonly records?: Readonly<Record<string, TargetRecord>>;
  /** Makes the containers that are there from the beginning. */
  readonly setUp?: (world: FakeWorld, clock: VirtualClock) => void;
  readonly store?: MemoryStore;
  /** The host's proc file system. Default: unreadable. */
  readonly proc?: FakeProc;
}

export const BY_REQUEST = { by: "request" } as const;

/** Labels of a target that is ready as soon as it runs. */
export function labels(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return { "wakegate.enable": "true", "wakegate.readiness.kind": "none", ...more };
}

/** Labels as Compose writes them. */
export function compose(service: string, dependsOn = "", project = "shop"): Readonly<Record<string, string>> {
  return {
    "com.docker.compose.project": project,
    "com.docker.compose.service": service,
    "com.docker.compose.container-number": "1",
    ...(dependsOn !== "" && { "com.docker.compose.depends_on": dependsOn }),
  };
}

export async function rig(options: RigOptions = {}): Promise<Rig> {
  const clock = new VirtualClock();
  const world = new FakeWorld(clock);
  options.setUp?.(world, clock);
  const store = options.store ?? new MemoryStore(options.records);
  const log = new RecordingLog();
  const env = { DOCKER_HOST: "unix:///nowhere.sock", WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "1m", ...options.env };
  const loaded =
    options.yaml === undefined ? await loadSettings({ env }) : await loadText(options.yaml, { env });
  if (!("settings" in loaded)) throw new Error(JSON.stringify(loaded.problems));
  const { settings } = loaded;
  const registry = new Registry({
    settings,
    clock,
    store,
    log,
    ...(options.proc && { readProc: options.proc.read }),
  });
  registry.addEngine(world);
  await settle();
  const watcher = (name: string): Watcher => {
    const found = registry.watcher(name);
    if (!found) throw new Error(`no target ${name}`);
    return found;
  };
  return {
    clock,
    world,
    store,
    log,
    registry,
    settings,
    watcher,
    state: (name) => watcher(name).state.kind,
    [Symbol.asyncDispose]: async () => {
      const closed = registry[Symbol.asyncDispose]();
      // Engine calls under way are waited for.
      await clock.advance(60_000);
      await closed;
    },
  };
}
