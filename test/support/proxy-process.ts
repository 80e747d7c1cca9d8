import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** A real proxy that runs for one test. Disposing ends it. */
export interface RunningProxy extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** What it printed so far. */
  output(): string;
}

/** Where a proxy of the tests sends what it gets: `host:port` each. */
export interface Upstreams {
  readonly app: string;
  /** Wakegate's internal listener. */
  readonly wakegate: string;
  /** Wakegate's public listener. */
  readonly wakegatePublic: string;
  /** Takes the route of the page's events away, so that the page has to poll through the app's own host. */
  readonly withoutEvents?: boolean;
  /** Breaks the shipped text, for tests of what is said of it. */
  readonly edit?: (text: string) => string;
}

/** What to start. */
export interface ProxyCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly port: number;
  /** Released after the process ended. */
  readonly owns: AsyncDisposable;
}

const READY_WITHIN_MS = 15_000;

/** Starts a proxy in the foreground and waits until its port answers. @throws with its output when it does not. */
export async function startProxy(command: ProxyCommand): Promise<RunningProxy> {
  const child = spawn(command.program, command.args, {
    env: { ...process.env, ...command.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const closed = once(child, "close").catch((error: unknown) => (output += String(error)));
  const onExit = (): void => void child.kill("SIGKILL");
  process.once("exit", onExit);
  const ended = (): boolean =>
    child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  const stop = async (): Promise<void> => {
    process.removeListener("exit", onExit);
    if (!ended()) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 1_000);
      await closed;
      clearTimeout(timer);
    }
    await command.owns[Symbol.asyncDispose]();
  };

  const giveUp = Date.now() + READY_WITHIN_MS;
  while (!(await answers(command.port))) {
    if (!ended() && Date.now() < giveUp) {
      await pause(25);
      continue;
    }
    await stop();
    throw new Error(`${command.program} did not come up on port ${String(command.port)}:\n${output}`);
  }
  return {
    port: command.port,
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${String(command.port)}`,
    output: () => output,
    [Symbol.asyncDispose]: stop,
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
