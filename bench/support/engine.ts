import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ROOT } from "./built.ts";

/** What the simulated engine lists. */
export interface EngineOptions {
  readonly containers: number;
  /** The first so many run; the others are stopped. */
  readonly running: number;
  /** Labels of each container beside its host, without `wakegate.`. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What it is asked and what it says, each over the process's own channel. */
export type EngineOrder =
  | { readonly kind: "calls" }
  | { readonly kind: "forget-calls" }
  /** Sets a container's state and tells it as an event. */
  | { readonly kind: "become"; readonly index: number; readonly status: string; readonly action: string }
  /** What the apps of all containers answer from now on. */
  | { readonly kind: "answer"; readonly status: number }
  /** Ends the event streams: a gap. */
  | { readonly kind: "gap" };

/** The answer to each order. */
export interface EngineSaid {
  readonly url: string;
  /** How often each call came. */
  readonly calls: Readonly<Record<string, number>>;
}

/** The Docker API with thousands of containers, as a process of its own: what it costs is not ours. */
export interface EngineProcess extends AsyncDisposable {
  readonly socketPath: string;
  order(order: EngineOrder): Promise<EngineSaid>;
}

/** Host of a container of the simulated engine. */
export function hostOf(index: number): string {
  return `app-${String(index)}.example.com`;
}

/** Starts it. One small HTTP server in it answers the readiness probes of all that run. */
export async function startEngine(options: EngineOptions): Promise<EngineProcess> {
  const program = fileURLToPath(new URL("engine-process.ts", import.meta.url));
  const child = fork(program, [JSON.stringify(options)], {
    cwd: ROOT,
    execArgv: ["--import", "tsx"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const { url } = await heard(child);
  return {
    socketPath: url.replace("unix://", ""),
    async order(order) {
      child.send(order);
      return await heard(child);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function heard(child: ChildProcess): Promise<EngineSaid> {
  const ended = new AbortController();
  const onExit = (): void => ended.abort(new Error("the simulated engine ended"));
  child.once("exit", onExit);
  try {
    const [said] = (await once(child, "message", { signal: ended.signal })) as [EngineSaid];
    return said;
  } finally {
    child.off("exit", onExit);
  }
}
