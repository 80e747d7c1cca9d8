import { DeadlineError, deadline } from "../../lib/signals.ts";
import type { TargetSpec } from "../../config/model.ts";
import type { Exit, Instance } from "../../providers/provider.ts";
import { WakeFailedError } from "../failure.ts";
import { isPortGuessed, portOriginOf } from "../readiness/address.ts";
import { listeningPorts } from "../readiness/listening.ts";
import { SILENT_AFTER_MS, silentPortText, type SilentPort } from "../readiness/silent-port.ts";
import { streamKindOf } from "../readiness/stream-kind.ts";
import { proveReady, type Silence } from "../readiness/prove.ts";
import type { ProbeResult } from "../../lib/probe-result.ts";
import type { Starting } from "../state.ts";
import type { Input } from "../input.ts";
import { seenInput } from "../seen-input.ts";
import type { Workbench } from "../workbench.ts";
import { wakeFailed } from "./wake.ts";

/** How much of a log is worth showing. */
const LOG_LIMIT = { lines: 8, bytes: 2_048 };
const LOG_WAIT_MS = 2_000;
/** One exit may be a dependency that was late. What ends twice is not waited for until `wake_timeout` is over. */
const CRASH_LOOP_EXITS = 2;
/** A shorter silence at the end of a wake may be an app that is about to restart itself. */
const LEAST_SILENCE_MS = 1_000;

/** Waits until the target answers, within what is left of its wake timeout. */
export async function prove(bench: Workbench, state: Starting, signal: AbortSignal): Promise<Input> {
  const { around, spec } = bench;
  const { began } = state.wake;
  const elapsed = around.clock.monotonic() - (began.starting ?? began.probing ?? 0);
  let last: ProbeResult | undefined;
  let silence: Silence | undefined;
  let told = false;
  using limit = deadline(around.clock, Math.max(0, spec.wakeTimeoutMs - elapsed), spec.name, signal);
  try {
    const instance = await around.current(limit.signal);
    // It may be a later answer than the one that began this work: what it says is known from here on.
    if (instance && mayYetRun(instance)) bench.see(instance);
    signal.throwIfAborted();
    // An event may have come before the answer that began this work: nobody tells it again.
    if (!instance || !mayYetRun(instance)) return seenInput(instance, around.store.target(spec.name));
    if (state.exits >= CRASH_LOOP_EXITS) throw await died(bench, state, instance, limit.signal);
    await untilRunnable(bench, state, instance, limit.signal);
    const learned = bench.learned(state.wake.from).probingMs;
    const { provenPort } = around.store.target(spec.name) ?? {};
    const answered = await proveReady(
      {
        spec,
        provider: around.provider,
        clock: around.clock,
        instance,
        owner: around.networkOwner(instance),
        vantage: around.vantage,
        probes: around.probes,
        ...(around.procDir !== undefined && { procDir: around.procDir }),
        ...(learned !== undefined && { expectedMs: learned }),
        ...(provenPort !== undefined && { provenPort }),
        onTry: (tries, result, silent) => {
          last = result;
          bench.onTry(tries, result);
          silence = silent;
          // An app that usually needs longer before it listens is not blamed for it.
          if (!silent || told || silent.ms < Math.max(SILENT_AFTER_MS, (learned ?? 0) * 1.5)) return;
          told = true;
          void tellSilence(bench, instance, silent, limit.signal);
        },
      },
      limit.signal,
    );
    const port = answered?.containerPort ?? answered?.port;
    if (port !== undefined && port !== provenPort && isPortGuessed(spec, instance))
      around.store.update(spec.name, { provenPort: port });
    return { type: "proved" };
  } catch (error) {
    signal.throwIfAborted();
    return wakeFailed(
      bench,
      error instanceof DeadlineError ? await outOfTime(bench, state, { last, silence }, signal) : error,
    );
  }
}

function mayYetRun({ status }: Instance): boolean {
  return status !== "paused" && status !== "created" && status !== "removing";
}

/** Runs: goes on. Dead for good: says so with its last words. Not (yet) runnable: waits, events restart this work. */
async function untilRunnable(
  bench: Workbench,
  state: Starting,
  instance: Instance,
  signal: AbortSignal,
): Promise<void> {
  const { around } = bench;
  if (instance.status === "running" && !around.oneShot) return;
  const dead = instance.status === "exited" || instance.status === "dead";
  const isFinal =
    instance.restartPolicy === "no" || (instance.restartPolicy === "on-failure" && instance.exit?.code === 0);
  if (dead && isFinal && !(around.oneShot && instance.exit?.code === 0)) {
    throw await died(bench, state, instance, signal);
  }
  await new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    if (signal.aborted) reject(signal.reason as Error);
  });
}

async function died(
  bench: Workbench,
  state: Starting,
  { id, exit = state.died }: Pick<Instance, "id" | "exit">,
  signal: AbortSignal,
): Promise<WakeFailedError> {
  return exited(bench.spec.name, state.exits, exit, await lastWords(bench, id, signal));
}

/** Whoever waits for a wake that has failed is not to wait for an engine that does not give the log. */
async function lastWords(
  { around, spec }: Workbench,
  id: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  using limit = deadline(around.clock, LOG_WAIT_MS, `the log of ${spec.name}`, signal);
  return await around.provider.logs(id, { ...LOG_LIMIT, ended: true }, limit.signal).catch(() => []);
}

function exited(
  name: string,
  exits: number,
  exit: Exit | undefined,
  log: readonly string[],
): WakeFailedError {
  const code = exit?.code;
  const evidence = { ...(code !== undefined && { exitCode: code }), ...(log.length > 0 && { log }) };
  const oom = exit?.oomKilled === true;
  const what = oom ? "ran out of memory" : "stopped";
  const times = exits > 1 ? `, ${String(exits)} times in a row` : "";
  const status =
    code === undefined ? "" : ` (exit code ${String(code)}${exit?.message ? `, ${exit.message}` : ""})`;
  return new WakeFailedError(
    oom ? "out_of_memory" : "exited",
    `${name} ${what} while starting${times}${status}.`,
    evidence,
  );
}

/** It died, once or again and again, and no restart policy made it answer; or it runs and is silent. */
async function outOfTime(
  bench: Workbench,
  state: Starting,
  asked: { readonly last: ProbeResult | undefined; readonly silence: Silence | undefined },
  signal: AbortSignal,
): Promise<WakeFailedError> {
  const now = await bench.around.locate(signal).catch(() => undefined);
  const exit = now?.exit ?? state.died;
  if (!exit) {
    const { silence } = asked;
    const silent = now && silence && silence.ms >= LEAST_SILENCE_MS;
    return noAnswer(bench, asked.last, now, silent ? await silentPortOf(bench, now, silence) : undefined);
  }
  return died(bench, state, { id: now?.id ?? state.seen.id, exit }, signal);
}

/** Never rejects. */
async function tellSilence(
  bench: Workbench,
  instance: Instance,
  silence: Silence,
  signal: AbortSignal,
): Promise<void> {
  const found = await silentPortOf(bench, instance, silence);
  if (!signal.aborted) bench.onSilentPort(found);
}

/** What is known of the port that nothing listens on. Never throws. */
async function silentPortOf(
  { around, spec }: Workbench,
  instance: Instance,
  { addresses }: Silence,
): Promise<SilentPort> {
  const { procDir } = around;
  const { pid } = instance;
  const listening =
    procDir !== undefined && pid !== undefined ? await listeningPorts(procDir, pid) : undefined;
  return {
    ports: [...new Set(addresses.map(({ port, containerPort }) => containerPort ?? port))],
    origin: originOf(spec, instance),
    asked: addresses.map(({ host, port }) => hostAndPort(host, port)),
    ...(listening && { listening }),
  };
}

function originOf(spec: TargetSpec, instance: Instance): string {
  if (/:\d+$/.test(spec.address ?? "")) return "from wakegate.address";
  const own = spec.tcp?.[0]?.port;
  return own !== undefined && streamKindOf(spec) !== undefined
    ? "from its TCP listener"
    : portOriginOf(spec, instance);
}

function hostAndPort(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}

function noAnswer(
  bench: Workbench,
  last: ProbeResult | undefined,
  instance: Instance | undefined,
  silent: SilentPort | undefined,
): WakeFailedError {
  const { name, wakeTimeoutMs: withinMs, readiness } = bench.spec;
  const seconds = String(Math.round(withinMs / 1_000));
  if (last?.kind === "answer") {
    return new WakeFailedError(
      "bad_answer",
      `${name} answers ${String(last.status)} to GET ${readiness.path}, still after ${seconds} s. If that is its normal answer, allow it by readiness.status.`,
      { status: last.status, withinMs },
    );
  }
  if (silent)
    return new WakeFailedError("no_listener", silentPortText(name, silent), {
      withinMs,
      ports: silent.ports,
    });
  const at = last?.at;
  const port = at?.containerPort ?? at?.port;
  const asked = at && instance ? ` at ${hostAndPort(at.host, at.port)}` : "";
  const origin =
    port !== undefined && instance ? ` Port ${String(port)} is ${originOf(bench.spec, instance)}.` : "";
  const advice =
    last?.otherProtocol === true
      ? "Something else than a web server answers there: set wakegate.port, or wakegate.scheme where it speaks https."
      : "If it needs longer, raise wake_timeout.";
  return new WakeFailedError(
    "no_answer",
    `${name} runs, but did not answer${asked} within ${seconds} s (${last?.error ?? "it was never asked"}).${origin} ${advice}`,
    { withinMs },
  );
}
