import type { RawDocker } from "../../support/raw-docker.ts";
import type { AppOptions } from "../support/stage.ts";
import { ask, visit, type Verdict, type Visit } from "../support/visit.ts";
import { startWakegate, type RunningWakegate, type WakegateOptions } from "../support/wakegate.ts";
import { openFaultySocket, type FaultySocket } from "./faulty-socket.ts";

/** A Wakegate that reaches a real engine through a socket that may fail. */
export interface FaultRig extends AsyncDisposable {
  readonly docker: RawDocker;
  readonly socket: FaultySocket;
  readonly wakegate: RunningWakegate;
  /** Makes a container that Wakegate cares for, at the host `<name>.test`. */
  make(name: string, options?: AppOptions): Promise<void>;
  visit(name: string): Promise<Visit>;
  ask(name: string): Promise<Verdict>;
}

/** Starts it; its containers go with it. */
export async function faultRig(docker: RawDocker, options: WakegateOptions = {}): Promise<FaultRig> {
  const socket = await openFaultySocket(docker.socketPath);
  const wakegate = await startWakegate({ socketPath: socket.path, ...options });
  const made: string[] = [];
  return {
    docker,
    socket,
    wakegate,
    async make(name, { labels = {}, env = {}, ...container } = {}) {
      const own = { enable: "true", hosts: `${name}.test`, foreign_stop_grace: "1s", ...labels };
      made.push(name);
      await docker.create(name, {
        ...container,
        env: { NAME: name, BOOT_MS: "200", ...env },
        labels: Object.fromEntries(Object.entries(own).map(([key, value]) => [`wakegate.${key}`, value])),
      });
      await wakegate.until("target_asleep", name);
    },
    visit: (name) => visit(wakegate, docker, name, `${name}.test`),
    ask: (name) => ask(wakegate, `${name}.test`),
    async [Symbol.asyncDispose]() {
      await wakegate[Symbol.asyncDispose]();
      await socket[Symbol.asyncDispose]();
      for (const name of made) await docker.rm(name);
    },
  };
}
