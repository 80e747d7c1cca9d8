import { sleep } from "../../lib/clock.ts";
import { Emitter } from "../../lib/emitter.ts";
import { linkSignals } from "../../lib/signals.ts";
import { messageOf } from "../../errors.ts";
import { ProviderError, type EngineChange } from "../provider.ts";
import type { Cluster } from "./cluster.ts";
import { isAlive } from "./standing.ts";

/**
 * Workloads whose pods are going. Their own objects do not tell of that end: a controller counts a pod no more from the
 * moment it is asked to go, however long its containers take.
 */
export class Departures {
  readonly #cluster: Cluster;
  readonly #everyMs: number;
  readonly #tell: (change: EngineChange) => void;
  readonly #going = new Set<string>();
  readonly #poked = new Emitter<void>();

  constructor(cluster: Cluster, everyMs: number, tell: (change: EngineChange) => void) {
    this.#cluster = cluster;
    this.#everyMs = everyMs;
    this.#tell = tell;
  }

  /** Its pods were asked to go. */
  begun(id: string): void {
    this.#going.add(id);
    this.#poked.emit();
  }

  /** None of its pods is left. */
  over(id: string): void {
    if (this.#going.delete(id)) this.#tell({ id, cause: "died" });
  }

  /** It is wanted again. */
  cancelled(id: string): void {
    if (this.#going.delete(id)) this.#tell({ id, cause: "health" });
  }

  /** Looks at those that are going for as long as there are any, until the abort. At rest it asks nothing. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const id of this.#going) await this.#look(id, signal);
      using wait = linkSignals(signal);
      using _ = this.#poked.subscribe(() => wait.abort(new Error("look again")));
      const ms = this.#going.size > 0 ? this.#everyMs : Number.MAX_SAFE_INTEGER;
      await sleep(this.#cluster.connection.clock, ms, wait.signal).catch(() => undefined);
    }
  }

  async #look(id: string, signal: AbortSignal): Promise<void> {
    try {
      const workload = await this.#cluster.find(id, signal);
      if (!workload) this.#going.delete(id);
      else if (!(await this.#cluster.pods(workload, signal)).some(isAlive)) this.over(id);
    } catch (error) {
      if (signal.aborted) return;
      // The streams report an outage of the cluster; any other exception is a fault of ours.
      const { engine, log } = this.#cluster.connection;
      const level = error instanceof ProviderError ? "debug" : "warn";
      log(level, "pods that are going were not looked at", { engine, id, reason: messageOf(error) });
    }
  }
}
