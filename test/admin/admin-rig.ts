import type { BrowserContext } from "playwright-core";
import { readLocalToken } from "../../src/admin/auth/token-store.ts";
import { loadSettings } from "../../src/config/load.ts";
import type { Reload } from "../../src/admin/parts.ts";
import { systemClock, type Clock } from "../../src/lib/clock.ts";
import { AsyncStack } from "../../src/lib/disposables.ts";
import type { PoolSpec } from "../../src/config/model/pool.ts";
import { startService, type Service } from "../../src/service.ts";
import type { TargetRecord } from "../../src/store/store.ts";
import { fetchRaw, type RawRequest, type Reply } from "../http/rig.ts";
import { FakeWorld } from "../support/fake-world.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** A whole service over a fake engine, on loopback. */
export interface AdminRig extends AsyncDisposable {
  readonly service: Service;
  readonly world: FakeWorld;
  readonly store: MemoryStore;
  readonly log: RecordingLog;
  readonly url: string;
  readonly stateDir: string;
  /** The token of this installation, as the command line reads it. */
  readonly token: string;
  /** A call of the API by an admin, unless the headers name another token; a body makes it a JSON POST. */
  call(path: string, options?: ApiRequest): Promise<ApiReply>;
  /** Any path of the internal listener, likewise. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** Logs a browser's context in to the dashboard. */
  logIn(context: BrowserContext): Promise<void>;
  /** The first two, without any token of their own. */
  readonly anonymous: Pick<AdminRig, "call" | "get">;
  /** Resolves when the target is in that state. */
  until(name: string, state: string): Promise<void>;
}

export type ApiRequest = RawRequest & { readonly json?: unknown };

export interface ApiReply extends Reply {
  readonly json: Readonly<Record<string, unknown>>;
}

export interface AdminRigOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly pools?: readonly PoolSpec[];
  readonly records?: Readonly<Record<string, TargetRecord>>;
  readonly setUp?: (world: FakeWorld) => void;
  /** Prepares the state folder. */
  readonly before?: (stateDir: string) => Promise<void>;
  readonly reload?: Reload;
  readonly clock?: Clock;
}

/** Labels of a target that is ready as soon as it runs. */
export function labelled(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return {
    "wakegate.enable": "true",
    "wakegate.readiness.kind": "none",
    "traefik.http.routers.x.middlewares": "secret-label-value",
    ...more,
  };
}

export async function adminRig(options: AdminRigOptions = {}): Promise<AdminRig> {
  const stack = new AsyncStack();
  const folder = stack.use(await tempFolder("admin"));
  const clock = options.clock ?? systemClock;
  const world = new FakeWorld(clock);
  (options.setUp ?? standard)(world);
  await options.before?.(folder.path);
  const env = {
    DOCKER_HOST: "unix:///nowhere.sock",
    WAKEGATE_LISTEN: "127.0.0.1:0",
    WAKEGATE_PUBLIC_LISTEN: "127.0.0.1:0",
    WAKEGATE_STATE_DIR: folder.path,
    ...options.env,
  };
  const loaded = await loadSettings({ env });
  if (!("settings" in loaded)) throw new Error(JSON.stringify(loaded.problems));
  const store = new MemoryStore(options.records);
  const log = new RecordingLog();
  const service = stack.use(
    await startService({
      settings: { ...loaded.settings, pools: options.pools ?? [] },
      clock,
      log,
      store,
      openEngine: () => Promise.resolve(world),
      ...(options.reload && { reload: options.reload }),
    }),
  );
  const address = { address: service.internal } as Parameters<typeof fetchRaw>[0];
  const { registry } = service;
  const token = (await readLocalToken(loaded.settings.stateDir).catch(() => undefined)) ?? "";
  const asAdmin = { authorization: `Bearer ${token}` };
  const call: AdminRig["call"] = async (path, { json, ...request } = {}) => {
    const reply = await fetchRaw(address, `/api/v1${path}`, {
      ...(json !== undefined && { method: "POST", body: JSON.stringify(json) }),
      ...request,
      headers: { ...(json !== undefined && { "content-type": "application/json" }), ...request.headers },
    });
    const parsed = /json/.test(String(reply.headers["content-type"]))
      ? (JSON.parse(reply.body) as Record<string, unknown>)
      : {};
    return { ...reply, json: parsed };
  };
  return {
    service,
    world,
    store,
    log,
    url: `http://127.0.0.1:${String(service.internal.port)}`,
    stateDir: loaded.settings.stateDir,
    token,
    call: (path, request = {}) => call(path, { ...request, headers: { ...asAdmin, ...request.headers } }),
    get: (path, headers = {}) => fetchRaw(address, path, { headers: { ...asAdmin, ...headers } }),
    async logIn(context) {
      const reply = await fetchRaw(address, "/ui/login", { method: "POST", body: `token=${token}` });
      const [, name = "", value = ""] = /^(\w+)=([^;]+)/.exec(String(reply.headers["set-cookie"])) ?? [];
      await context.addCookies([{ name, value, url: `http://127.0.0.1:${String(service.internal.port)}` }]);
    },
    anonymous: { call, get: (path, headers = {}) => fetchRaw(address, path, { headers }) },
    async until(name, state) {
      for (let i = 0; i < 3_000; i++) {
        if (registry.watcher(name)?.state.kind === state) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`${name} is ${registry.watcher(name)?.state.kind ?? "no target"}, not ${state}`);
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

function standard(world: FakeWorld): void {
  world.create("blog", {
    labels: labelled({ "wakegate.hosts": "blog.example.com" }),
    behaviour: { startMs: 20 },
  });
}
