import { setTimeout as delay } from "node:timers/promises";
import { afterAll, vi } from "vitest";
import { startCaddy } from "../../support/caddy.ts";
import { startDockerd, type PrivateDockerd } from "../../support/dockerd.ts";
import { freePort } from "../../support/free-port.ts";
import { startNginx } from "../../support/nginx.ts";
import type { RunningProxy, Upstreams } from "../../support/proxy-process.ts";
import { RawDocker, type ContainerOptions } from "../../support/raw-docker.ts";
import { startWakegate, type RunningWakegate, type WakegateOptions } from "./wakegate.ts";

/** The proxies of the examples, by the name that `suite()` knows them by. */
export const proxies = { caddy: startCaddy, nginx: startNginx } as const;
export type ProxyName = keyof typeof proxies;
export const proxyNames: readonly ProxyName[] = ["caddy", "nginx"];

/** A private engine and a Wakegate that follows it. */
export interface Stage {
  readonly docker: RawDocker;
  readonly wakegate: RunningWakegate;
}

/** How an app of a test is made. */
export interface AppOptions extends Omit<ContainerOptions, "labels" | "publish"> {
  /** Without their `wakegate.`; it is enabled and has a host already. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What it is when the test begins. Default: never started. */
  readonly is?: "created" | "stopped" | "paused" | "ready";
  /** False: no target of Wakegate. */
  readonly managed?: boolean;
}

/** A sleepy app in a container. Removed with its scope. */
export interface App extends AsyncDisposable {
  readonly name: string;
  /** `<name>.localhost`, which browsers find by themselves. */
  readonly host: string;
  /** `127.0.0.1:port` as a proxy on the host reaches it. */
  readonly address: string;
}

/** A proxy of the examples before one app. */
export interface Front extends AsyncDisposable {
  /** The app's path at the proxy, with the app's own host as its authority. */
  url(path?: string): string;
}

const BOOT_MS = "300";

/** One Wakegate for all tests of a file, started by the first test that asks and ended with the file. */
export function stageOfFile(
  engine = engineOfFile(),
  options: Omit<WakegateOptions, "socketPath"> = {},
): () => Promise<Stage> {
  let wakegate: Promise<RunningWakegate> | undefined;
  afterAll(async () => {
    await (await wakegate)?.[Symbol.asyncDispose]();
  });
  return async () => {
    const docker = await engine();
    wakegate ??= startWakegate({ ...options, socketPath: docker.socketPath });
    return { docker, wakegate: await wakegate };
  };
}

/** One private dockerd for all tests of a file, started by the first test that asks and ended with the file. */
export function engineOfFile(): () => Promise<RawDocker> {
  // Real engines on a machine that does other things too.
  vi.setConfig({ testTimeout: 120_000 });
  let dockerd: Promise<PrivateDockerd> | undefined;
  afterAll(async () => {
    await (await dockerd)?.[Symbol.asyncDispose]();
  });
  return async () => {
    dockerd ??= startDockerd();
    return new RawDocker((await dockerd).socketPath);
  };
}

/** Makes the app and brings it to where the test begins; Wakegate knows it then. */
export async function makeApp(stage: Stage, name: string, options: AppOptions = {}): Promise<App> {
  const { docker, wakegate } = stage;
  const { is = "created", labels = {}, managed = true, env = {}, ...container } = options;
  const host = `${name}.localhost`;
  const port = await freePort();
  // A stop or pause by the test is not Wakegate's own; without this it would wait for what comes next.
  const grace = is === "stopped" || is === "paused" ? { foreign_stop_grace: "0s" } : {};
  const own: Record<string, string> = managed ? { enable: "true", hosts: host, ...grace, ...labels } : {};
  await docker.create(name, {
    ...container,
    env: { BOOT_MS, NAME: name, ...env },
    labels: Object.fromEntries(Object.entries(own).map(([key, value]) => [`wakegate.${key}`, value])),
    publish: { 8080: port },
  });
  const app: App = {
    name,
    host,
    address: `127.0.0.1:${String(port)}`,
    [Symbol.asyncDispose]: () => docker.rm(name),
  };
  try {
    if (managed) await untilAsleep(stage, name, "created");
    if (is !== "created") {
      await docker.start(name);
      if (managed) await wakegate.until("target_ready", name);
    }
    if (is === "stopped") await docker.stop(name);
    if (is === "paused") await docker.pause(name);
    if (managed && (is === "stopped" || is === "paused")) await untilAsleep(stage, name, is);
    return app;
  } catch (error) {
    await app[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts the proxy with the shipped files before the app. */
export async function putBefore(
  proxy: ProxyName,
  { wakegate }: Pick<Stage, "wakegate">,
  app: App,
  options: Partial<Upstreams> = {},
): Promise<Front> {
  const start: (upstreams: Upstreams) => Promise<RunningProxy> = proxies[proxy];
  return frontOf(
    await start({
      app: app.address,
      wakegate: wakegate.internal,
      wakegatePublic: wakegate.public,
      ...options,
    }),
    app.host,
  );
}

/** How the app is reached through a running proxy. */
export function frontOf(running: RunningProxy, host: string): Front {
  return {
    url: (path = "/") => `http://${host}:${String(running.port)}${path}`,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** How often the target came to this point, as Wakegate's log tells. */
export function timesOf({ wakegate }: Pick<Stage, "wakegate">, event: string, name: string): number {
  return wakegate.log().filter((line) => line.event === event && line.target === name).length;
}

/** Waits until Wakegate's log says that the target sleeps in this way. */
export async function untilAsleep(
  { wakegate }: Pick<Stage, "wakegate">,
  name: string,
  how: "created" | "paused" | "stopped",
): Promise<void> {
  await until(
    `${name} sleeps (${how})`,
    () =>
      wakegate.log().findLast((line) => line.target === name && LIFE.has(line.event))?.msg ===
      `${name} sleeps (${how})`,
  );
}

/** Lines of the log after which a line before does not hold any more. */
const LIFE = new Set([
  "wake_started",
  "start_adopted",
  "target_ready",
  "wake_failed",
  "sleep_started",
  "foreign_stop",
  "target_asleep",
  "target_crashed",
  "target_missing",
]);

/** Waits for a condition, also in concurrent tests, which `expect.poll` does not know. @throws Error after 60 s. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > giveUp) throw new Error(`waited in vain: ${what}`);
    await delay(25);
  }
}
