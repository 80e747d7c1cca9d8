import { randomBytes } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import { loadSettings } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/model.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { Replicas } from "../../src/replicas/replicas.ts";
import { SharedStore } from "../../src/replicas/shared-store.ts";
import { Registry } from "../../src/watchers/registry/registry.ts";
import type { Watcher } from "../../src/watchers/watcher.ts";
import { FakeWorld } from "../support/fake-world.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { startRedis, type RedisServer } from "../support/redis-server.ts";
import { RecordingLog } from "../support/recording-log.ts";

/** One replica: watchers on a shared fake engine, coordinated over a real Redis. */
export interface Member extends AsyncDisposable {
  readonly name: string;
  readonly replicas: Replicas;
  readonly registry: Registry;
  readonly store: SharedStore;
  readonly log: RecordingLog;
  readonly key: Uint8Array;
  watcher(name: string): Watcher;
  state(name: string): string;
}

/** Short for quick tests; long enough that a busy machine does not look like an unreachable store. */
const LEASE_MS = 2_000;
const LOST_MS = 1_000;

/** An engine on the machine's own clock. */
export function realWorld(): FakeWorld {
  return new FakeWorld(systemClock);
}

export async function settingsFor(
  url: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Settings> {
  const loaded = await loadSettings({
    env: {
      DOCKER_HOST: "unix:///nowhere.sock",
      WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "1s",
      WAKEGATE_STORE_REDIS_URL: url,
      WAKEGATE_STORE_REDIS_LEASE: `${String(LEASE_MS)}ms`,
      WAKEGATE_STORE_REDIS_LOST_GRACE: `${String(LOST_MS)}ms`,
      ...env,
    },
  });
  if (!("settings" in loaded)) throw new Error(JSON.stringify(loaded.problems));
  return loaded.settings;
}

/** One Redis for all tests of a file, in which each test has keys of its own. */
export function sharedRedis(): {
  readonly server: RedisServer;
  cluster(): { readonly WAKEGATE_STORE_REDIS_CLUSTER: string };
} {
  let server: RedisServer | undefined;
  let count = 0;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
  return {
    get server() {
      if (!server) throw new Error("outside of a test");
      return server;
    },
    cluster: () => ({ WAKEGATE_STORE_REDIS_CLUSTER: `test-${String(++count)}` }),
  };
}

/** Starts one. `env`: more of its configuration. */
export async function join(
  world: FakeWorld,
  url: string,
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Member> {
  const settings = await settingsFor(url, { WAKEGATE_STORE_REDIS_NAME: name, ...env });
  if (!settings.redis) throw new Error("no redis");
  const log = new RecordingLog();
  const store = new SharedStore(new MemoryStore());
  const bytes = randomBytes(32);
  const key = { bytes, save: () => Promise.resolve() };
  const replicas = new Replicas({ settings: settings.redis, store, clock: systemClock, log, key });
  await replicas.whenSynced(2_000);
  const registry = new Registry({ settings, clock: systemClock, store, log, coordination: replicas });
  replicas.attach(registry);
  registry.addEngine(world);
  await registry.whenSettled(new AbortController().signal);
  const watcher = (target: string): Watcher => {
    const found = registry.watcher(target);
    if (!found) throw new Error(`no target ${target}`);
    return found;
  };
  return {
    name,
    replicas,
    registry,
    store,
    log,
    key: bytes,
    watcher,
    state: (target) => watcher(target).state.kind,
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await replicas[Symbol.asyncDispose]();
    },
  };
}

/** Resolves when `ask` says true; the test's own limit ends it. */
export async function until(ask: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The leader, as soon as there is one. */
export async function leaderOf(members: readonly Member[]): Promise<Member> {
  let leader: Member | undefined;
  await until(() => {
    leader = members.find(({ replicas }) => replicas.mayNotSleep === undefined);
    return leader !== undefined;
  });
  return leader as Member;
}
