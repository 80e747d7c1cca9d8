import { fileURLToPath } from "node:url";
import { AsyncStack } from "../../src/lib/disposables.ts";
import { startWakegate, type RunningWakegate } from "../../test/e2e/support/wakegate.ts";
import { builtMain } from "./built.ts";
import { startEngine, type EngineOptions, type EngineProcess } from "./engine.ts";

/** Wakegate before a simulated engine, all that run proved to be ready. */
export interface Fleet extends AsyncDisposable {
  readonly wakegate: RunningWakegate;
  readonly engine: EngineProcess;
  readonly port: number;
}

/** How the fleet is set up. */
export interface FleetOptions extends EngineOptions {
  /** More of the configuration file. */
  readonly yaml?: string;
  /** More arguments for node. */
  readonly nodeArgs?: readonly string[];
}

const PROBE = fileURLToPath(new URL("./heap-probe.mjs", import.meta.url));
/** Arguments with which `heapBytes` works. */
export const HEAP_PROBE = ["--expose-gc", "--import", PROBE] as const;

/** Starts engine and Wakegate and waits until every running target passes. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const stack = new AsyncStack();
  await using opening = stack;
  const engine = opening.use(await startEngine(options));
  const wakegate = opening.use(
    await startWakegate({
      socketPath: engine.socketPath,
      yaml: options.yaml ?? "",
      env: { WAKEGATE_LOG_LEVEL: "info", WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "never" },
      program: [...(options.nodeArgs ?? []), await builtMain()],
    }),
  );
  for (let index = 0; index < options.running; index++) {
    await wakegate.until("target_ready", `app-${String(index)}`, 120_000);
  }
  const open = opening.move();
  return {
    wakegate,
    engine,
    port: Number(wakegate.internal.split(":")[1]),
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}

const asked = new WeakMap<RunningWakegate, number>();

/** What the heap of a Wakegate started with `HEAP_PROBE` holds after a collection, in bytes. */
export async function heapBytes(wakegate: RunningWakegate): Promise<number> {
  const count = (asked.get(wakegate) ?? 0) + 1;
  asked.set(wakegate, count);
  process.kill(wakegate.pid, "SIGUSR2");
  const { heapUsed } = await wakegate.until(`heap_${String(count)}`);
  return Number(heapUsed);
}
