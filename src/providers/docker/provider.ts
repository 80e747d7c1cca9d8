import type { DockerEngineSpec } from "../../config/model/engine.ts";
import { linkSignals } from "../../lib/signals.ts";
import type { ProviderDeps } from "../open.ts";
import type {
  Capability,
  EngineExam,
  EngineSink,
  ExecResult,
  Instance,
  Provider,
  SleepRequest,
  Usage,
  LogLimit,
} from "../provider.ts";
import { Connection } from "./connection.ts";
import type { Verb } from "./errors.ts";
import { examine } from "./examine.ts";
import { exec, runningCommands } from "./exec.ts";
import { inspect } from "./inspect.ts";
import { logs } from "./logs.ts";
import { sleep } from "./sleep.ts";
import { usage } from "./usage.ts";
import { wake } from "./wake.ts";
import { watch, WATCH_DEFAULTS, type WatchOptions } from "./watch.ts";

/** Times that tests shorten. */
export interface DockerTuning {
  readonly deadlines?: Partial<Record<Verb, number>>;
  readonly watch?: Partial<WatchOptions>;
}

/** Containers of one Docker engine. */
export class DockerProvider implements Provider {
  readonly kind = "docker";
  readonly engine: string;
  readonly can: ReadonlySet<Capability> = new Set(["pause", "kill", "usage", "logs", "exec"]);
  readonly #connection: Connection;
  readonly #watchOptions: WatchOptions;
  readonly #closed = new AbortController();
  readonly #watches = new Set<Promise<void>>();

  /** @throws ProviderError `not_supported` for an address that is none of a Docker engine. */
  constructor(spec: DockerEngineSpec, deps: ProviderDeps, tuning: DockerTuning = {}) {
    this.engine = spec.name;
    this.#connection = new Connection(spec, deps, tuning.deadlines);
    this.#watchOptions = { ...WATCH_DEFAULTS, ...tuning.watch };
  }

  async watch(sink: EngineSink, signal: AbortSignal): Promise<void> {
    using linked = linkSignals(signal, this.#closed.signal);
    const watching = watch(this.#connection, sink, linked.signal, this.#watchOptions);
    this.#watches.add(watching);
    try {
      await watching;
    } finally {
      this.#watches.delete(watching);
    }
  }

  inspect(ref: string, signal: AbortSignal): Promise<Instance | undefined> {
    return inspect(this.#connection, ref, signal);
  }

  wake(instance: Pick<Instance, "id" | "status">, signal: AbortSignal): Promise<void> {
    return this.#connection.act(() => wake(this.#connection, instance, signal));
  }

  sleep(id: string, request: SleepRequest, signal: AbortSignal): Promise<void> {
    return this.#connection.act(() => sleep(this.#connection, id, request, signal));
  }

  usage(id: string, signal: AbortSignal): Promise<Usage | undefined> {
    return usage(this.#connection, id, signal);
  }

  logs(id: string, limit: LogLimit, signal: AbortSignal): Promise<readonly string[]> {
    return logs(this.#connection, id, limit, signal);
  }

  exec(id: string, argv: readonly string[], signal: AbortSignal): Promise<ExecResult> {
    return exec(this.#connection, id, argv, signal);
  }

  commands(id: string, signal: AbortSignal): Promise<readonly (readonly string[])[]> {
    return runningCommands(this.#connection, id, signal);
  }

  examine(signal: AbortSignal): Promise<EngineExam> {
    return examine(this.#connection, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error("the provider was closed"));
    await Promise.allSettled(this.#watches);
    this.#connection[Symbol.dispose]();
  }
}
