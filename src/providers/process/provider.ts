import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { ProcessSpec } from "../../config/model.ts";
import { messageOf } from "../../errors.ts";
import { Emitter } from "../../lib/emitter.ts";
import { onAbort } from "../../lib/signals.ts";
import { logLines } from "../log-lines.ts";
import type { ProviderDeps } from "../open.ts";
import {
  ProviderError,
  type Capability,
  type EngineChange,
  type EngineSink,
  type ExecResult,
  type Instance,
  type Provider,
  type SleepRequest,
  type Usage,
  type LogLimit,
} from "../provider.ts";
import { Records } from "./record.ts";
import { Slot } from "./slot.ts";

const ENGINE = "process";
const STOP_TIMEOUT_MS = 10_000;
/** How often adopted processes, whose end nobody tells, are looked at. */
const ADOPTED_LOOK_MS = 1_000;

/**
 * Local commands of the configuration file. They outlive Wakegate: it neither ends them when it stops nor starts
 * them twice when it comes back.
 */
export class ProcessProvider implements Provider {
  readonly kind = "process";
  readonly engine = ENGINE;
  readonly can: ReadonlySet<Capability> = new Set(["pause", "kill", "logs"]);
  readonly #deps: ProviderDeps;
  readonly #records: Records;
  readonly #slots = new Map<string, Slot>();
  readonly #everySlot = new Map<string, Slot>();
  readonly #changes = new Emitter<EngineChange>();
  readonly #listings = new Emitter<undefined>();
  readonly #closed = new AbortController();
  readonly #createdAt: number;
  #look: Disposable | undefined;

  constructor(specs: ReadonlyMap<string, ProcessSpec>, deps: ProviderDeps & { readonly stateDir: string }) {
    this.#deps = deps;
    this.#records = new Records(deps.stateDir);
    this.#createdAt = deps.clock.now();
    this.configure(specs);
  }

  /**
   * Takes a new set of commands; watches are listed to again. What runs goes on running: a changed command
   * counts from the next wake, a removed one is only forgotten.
   */
  configure(specs: ReadonlyMap<string, ProcessSpec>): void {
    for (const name of this.#slots.keys()) if (!specs.has(name)) this.#slots.delete(name);
    for (const [name, spec] of specs) {
      // Also a slot that was removed before: it alone knows its child.
      const slot = this.#everySlot.get(name) ?? this.#newSlot(name, spec);
      slot.spec = spec;
      this.#everySlot.set(name, slot);
      this.#slots.set(name, slot);
    }
    this.#lookAfterAdopted();
    this.#listings.emit(undefined);
  }

  watch(sink: EngineSink, signal: AbortSignal): Promise<void> {
    const listed = (): void =>
      sink.listed({ instances: [...this.#slots.values()].map((slot) => this.#describe(slot)) });
    return new Promise((resolve) => {
      const parts = [
        this.#listings.subscribe(listed),
        this.#changes.subscribe((change) => {
          if (this.#slots.has(change.id)) sink.changed(change);
        }),
      ];
      const end = (): void => {
        for (const part of parts.splice(0)) part[Symbol.dispose]();
        resolve();
      };
      listed();
      parts.push(onAbort(signal, end), onAbort(this.#closed.signal, end));
    });
  }

  async inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    signal.throwIfAborted();
    const slot = this.#slots.get(ref);
    await slot?.settled();
    return slot && this.#describe(slot);
  }

  async wake(instance: Pick<Instance, "id" | "status">, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const slot = this.#slot(instance.id);
    try {
      await slot.wake();
    } catch (error) {
      const [command = ""] = slot.spec.command;
      throw this.#failure(`${instance.id}: "${command}" did not start: ${messageOf(error)}`, error);
    }
  }

  async sleep(id: string, request: SleepRequest, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const slot = this.#slot(id);
    let done: boolean;
    try {
      done = await slot.sleep(request, request.timeoutMs ?? STOP_TIMEOUT_MS, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failure(`${id}: ${request.method} failed: ${messageOf(error)}`, error);
    }
    if (!done)
      throw new ProviderError("engine_timeout", ENGINE, `process ${id}: still runs after ${request.method}`);
  }

  async usage(id: string, signal: AbortSignal): Promise<Usage | undefined> {
    signal.throwIfAborted();
    this.#slot(id);
    return undefined;
  }

  async logs(id: string, limit: LogLimit, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    this.#slot(id);
    return logLines(readTail(this.#records.logPath(id), limit.bytes * 2), limit);
  }

  async exec(id: string, _argv: readonly string[], _signal: AbortSignal): Promise<ExecResult> {
    throw new ProviderError(
      "not_supported",
      ENGINE,
      `process ${id}: commands cannot be run inside a local process`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error("the provider was closed"));
    this.#look?.[Symbol.dispose]();
  }

  #newSlot(name: string, spec: ProcessSpec): Slot {
    const emit = (change: EngineChange): void => this.#changes.emit(change);
    return new Slot(name, spec, { clock: this.#deps.clock, records: this.#records, emit });
  }

  #lookAfterAdopted(): void {
    this.#look?.[Symbol.dispose]();
    this.#look = undefined;
    if (this.#closed.signal.aborted || ![...this.#slots.values()].some((slot) => slot.isAdopted)) return;
    this.#look = this.#deps.clock.after(ADOPTED_LOOK_MS, () => {
      for (const slot of this.#slots.values()) slot.noticeEnd();
      this.#lookAfterAdopted();
    });
  }

  #slot(id: string): Slot {
    const slot = this.#slots.get(id);
    if (!slot) throw new ProviderError("not_found", ENGINE, `no process is configured for ${id}`);
    return slot;
  }

  #failure(message: string, cause: unknown): ProviderError {
    return new ProviderError("engine_failed", ENGINE, `process ${message}`, { cause });
  }

  #describe(slot: Slot): Instance {
    const { name, run, status } = slot;
    const runs = status === "running" || status === "paused";
    return {
      id: name,
      name,
      createdAt: this.#createdAt,
      image: slot.spec.command[0] ?? "",
      labels: {},
      status,
      networks: [{ name: "host", address: "127.0.0.1" }],
      hostNetwork: true,
      runId: run ? `${String(run.pid)}@${String(run.startedAt)}` : "",
      ...(run && { startedAt: run.startedAt }),
      ...(!runs && run?.exit && { exit: run.exit }),
      health: "none",
      ...(runs && run && { pid: run.pid }),
      exposedPorts: [],
      publishedPorts: [],
      stopTimeoutMs: STOP_TIMEOUT_MS,
      stopSignal: "SIGTERM",
      restartPolicy: "no",
    };
  }
}

/** The end of a file as text; empty when there is none. */
function readTail(path: string, bytes: number): string {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const { size } = fstatSync(file);
    const from = Math.max(0, size - bytes);
    const buffer = Buffer.alloc(size - from);
    const length = readSync(file, buffer, 0, buffer.length, from);
    const text = buffer.subarray(0, length).toString();
    return from > 0 ? text.slice(text.indexOf("\n") + 1) : text;
  } catch {
    return "";
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
