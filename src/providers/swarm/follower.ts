import { Emitter } from "../../lib/emitter.ts";
import { sleep } from "../../lib/clock.ts";
import { linkSignals } from "../../lib/signals.ts";
import type { Connection } from "../docker/connection.ts";
import { messageOf } from "../../errors.ts";
import { ProviderError, type EngineChange } from "../provider.ts";
import { services, tasks, type Service, type Task } from "./api.ts";
import { standing, type Standing } from "./describe.ts";

/** How often tasks are looked at: a manager tells of no task, only of services and of its own node's containers. */
export interface FollowCadence {
  /** While a service is between two states, in ms. */
  readonly movingMs: number;
  /** While a service is awake on other nodes, whose containers nobody tells of, in ms. */
  readonly elsewhereMs: number;
}

export const FOLLOW_CADENCE: FollowCadence = { movingMs: 500, elsewhereMs: 15_000 };

/** How long after an event of a container its task is looked at, in ms. */
const UNREST_MS = 5_000;

/** Notices what tasks do. At rest, and while all that is awake is on this node, it asks nothing. */
export class Follower {
  readonly #connection: Connection;
  readonly #cadence: FollowCadence;
  readonly #tell: (change: EngineChange) => void;
  readonly #poked = new Emitter<void>();
  readonly #seen = new Map<string, Standing>();
  /** Nodes with containers of which this engine tells. */
  readonly #near = new Set<string>();
  #followed: ReadonlySet<string> | undefined;
  #pokes = 0;
  /** Monotonic ms. */
  #restlessUntil = 0;

  constructor(connection: Connection, cadence: FollowCadence, tell: (change: EngineChange) => void) {
    this.#connection = connection;
    this.#cadence = cadence;
    this.#tell = tell;
  }

  /** Only these are looked at. Without a call: all. */
  follow(ids: ReadonlySet<string>): void {
    this.#followed = ids;
    this.poke();
  }

  /** Looks soon. */
  poke(): void {
    this.#pokes++;
    this.#poked.emit();
  }

  /** A container of a task started or ended: the managers hear of it a little later. */
  stir(): void {
    this.#restlessUntil = this.#connection.clock.monotonic() + UNREST_MS;
    this.poke();
  }

  /** The engine's own node, where that is known. */
  near(node: string): void {
    this.#near.add(node);
  }

  /** Takes what a listing or a look saw, and tells what is new in it. */
  see(all: readonly Service[], now: readonly Task[], silently = false): void {
    for (const service of all) {
      const before = this.#seen.get(service.ID);
      const after = standing(service, now);
      this.#seen.set(service.ID, after);
      if (!before || silently) continue;
      for (const change of changesOf(service.ID, before, after)) this.#tell(change);
    }
    if (!silently) return;
    const ids = new Set(all.map(({ ID }) => ID));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
  }

  /** Looks as long as there is something to see, until the abort. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pokes = this.#pokes;
      await this.#look(signal).catch((error: unknown) => {
        if (signal.aborted) return;
        // The event stream reports an outage of the engine; any other exception is a fault of ours.
        const { engine, log } = this.#connection;
        const level = error instanceof ProviderError ? "debug" : "warn";
        log(level, "tasks were not looked at", { engine, reason: messageOf(error) });
      });
      if (pokes !== this.#pokes) continue;
      using wait = linkSignals(signal);
      using _ = this.#poked.subscribe(() => wait.abort(new Error("look again")));
      const ms = this.#nextMs() ?? Number.MAX_SAFE_INTEGER;
      await sleep(this.#connection.clock, ms, wait.signal).catch(() => undefined);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    if (this.#seen.size === 0) return;
    const all = (await services(this.#connection, signal)).filter(({ ID }) => this.#isFollowed(ID));
    if (all.length === 0) return;
    this.see(
      all,
      await tasks(
        this.#connection,
        all.map(({ ID }) => ID),
        signal,
      ),
    );
  }

  #isFollowed(id: string): boolean {
    return this.#seen.has(id) && (this.#followed?.has(id) ?? true);
  }

  #nextMs(): number | undefined {
    if (this.#connection.clock.monotonic() < this.#restlessUntil) return this.#cadence.movingMs;
    const followed = [...this.#seen].filter(([id]) => this.#isFollowed(id)).map(([, standing]) => standing);
    if (followed.some(({ status, leaving }) => status === "restarting" || leaving))
      return this.#cadence.movingMs;
    const elsewhere = ({ status, task }: Standing): boolean =>
      status === "running" && task?.NodeID !== undefined && !this.#near.has(task.NodeID);
    return followed.some(elsewhere) ? this.#cadence.elsewhereMs : undefined;
  }
}

function changesOf(id: string, before: Standing, after: Standing): readonly EngineChange[] {
  const wasUp = before.status === "running";
  const isUp = after.status === "running";
  if (isUp && after.leaving && !before.leaving) return [{ id, cause: "signalled", signal: "SIGTERM" }];
  if (isUp && (!wasUp || before.runId !== after.runId)) return [{ id, cause: "started" }];
  if (wasUp && !isUp) return [{ id, cause: "died" }];
  return before.status === after.status && before.runId === after.runId ? [] : [{ id, cause: "health" }];
}
