import { spawn } from "node:child_process";
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { messageOf, WakegateError } from "../../errors.ts";
import { sleep, systemClock } from "../../lib/clock.ts";
import { linkSignals } from "../../lib/signals.ts";
import type { Output } from "../output.ts";
import type { RemoteClient } from "./client.ts";
import { untilInterrupted } from "./interrupt.ts";
import { REMOTE_ARGS, remoteClient } from "./remote-options.ts";
import { durationOf, followWake } from "./wake.ts";

const TTL_MS = 60_000;
const RENEW_EVERY_MS = TTL_MS / 3;
const DEFAULT_TIMEOUT_MS = 10 * 60_000;

/**
 * `wakegate with NAME… -- COMMAND…`: wakes, holds awake, runs the command, lets go. Resolves to the command's own
 * exit code, 1 when a target failed to wake, 127 when the command cannot be run.
 */
export async function withCommand(args: string[], output: Output): Promise<number> {
  const split = args.indexOf("--");
  if (split < 0)
    throw new WakegateError("usage", "write the command after --: wakegate with db -- pg_dump …");
  const { values, positionals: names } = parseArgs({
    args: args.slice(0, split),
    allowPositionals: true,
    options: { ...REMOTE_ARGS, reason: { type: "string" }, timeout: { type: "string" } },
  });
  const [command, ...rest] = args.slice(split + 1);
  if (names.length === 0) throw new WakegateError("usage", "name the target that the command needs");
  if (command === undefined) throw new WakegateError("usage", "write the command after --");
  const reason = values.reason ?? `wakegate with: ${command}`;
  const timeoutMs = values.timeout === undefined ? DEFAULT_TIMEOUT_MS : durationOf(values.timeout);
  const client = await remoteClient(values);
  return await untilInterrupted(async (signal) => {
    await using leases = new HeldLeases(client, output, reason);
    for (const name of names) await leases.take(name, signal);
    const quiet: Output = { ...output, out: (text) => output.err(text) };
    const ready = await Promise.all(names.map((name) => followWake(client, name, timeoutMs, quiet, signal)));
    if (!ready.every(Boolean)) return 1;
    return await run(command, rest, signal, output);
  });
}

/** Leases that are renewed until they are let go. */
class HeldLeases implements AsyncDisposable {
  readonly #client: RemoteClient;
  readonly #output: Output;
  readonly #reason: string;
  readonly #ids = new Map<string, string>();
  readonly #life = linkSignals();
  readonly #renewing: Promise<void>[] = [];

  constructor(client: RemoteClient, output: Output, reason: string) {
    this.#client = client;
    this.#output = output;
    this.#reason = reason;
  }

  async take(target: string, signal: AbortSignal): Promise<void> {
    await this.#create(target, signal);
    this.#renewing.push(this.#renew(target));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort(new Error("the command is over"));
    await Promise.all(this.#renewing);
    const never = new AbortController();
    for (const id of this.#ids.values()) {
      // It ends by itself soon, so a Wakegate that is gone does not matter.
      await this.#client.delete(`/leases/${id}`, never.signal).catch(() => undefined);
    }
  }

  async #create(target: string, signal: AbortSignal): Promise<void> {
    const body = { target, reason: this.#reason, ttl: `${String(TTL_MS)}ms`, wake: true };
    const { id } = await this.#client.post<{ id: string }>("/leases", body, signal);
    this.#ids.set(target, id);
  }

  async #renew(target: string): Promise<void> {
    const { signal } = this.#life;
    for (;;) {
      try {
        await sleep(systemClock, RENEW_EVERY_MS, signal);
        await this.#client
          .post(`/leases/${this.#ids.get(target) ?? ""}/renew`, {}, signal)
          // Wakegate was restarted, or the lease ended while it was away.
          .catch(() => this.#create(target, signal));
      } catch (error) {
        if (signal.aborted) return;
        this.#output.err(`wakegate with: ${target} is not held awake at the moment: ${messageOf(error)}`);
      }
    }
  }
}

/** Runs the command on this terminal. Signals reach it; its exit code is ours. */
function run(command: string, args: readonly string[], signal: AbortSignal, output: Output): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit" });
    const pass = (): void => void child.kill("SIGTERM");
    signal.addEventListener("abort", pass, { once: true });
    child.on("error", (error) => {
      output.err(`wakegate with: ${command} cannot be run: ${error.message}`);
      resolve(127);
    });
    child.on("exit", (code, name) => {
      signal.removeEventListener("abort", pass);
      resolve(code ?? 128 + (name === null ? 0 : constants.signals[name]));
    });
  });
}
