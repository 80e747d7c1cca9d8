import { backoffMs, type BackoffOptions } from "../../lib/backoff.ts";
import { sleep } from "../../lib/clock.ts";
import { linkSignals } from "../../lib/signals.ts";
import { messageOf } from "../../errors.ts";
import { ProviderError, type EngineSink } from "../provider.ts";
import type { Cluster } from "./cluster.ts";
import { ProxmoxError } from "./errors.ts";
import type { Guest } from "./guest.ts";
import { summaryOf } from "./inspect.ts";
import { missingRights, mustSeeSomething, readRights } from "./rights.ts";

/** How often is asked, in ms. There are no events, and a listing is up to 10 s old anyway. */
export interface Cadence {
  /** While a followed guest runs. */
  readonly awakeMs: number;
  /** While all followed guests sleep: only a start by somebody else could be missed. */
  readonly asleepMs: number;
  /** While none is followed, and only where new ones are to be discovered. */
  readonly nobodyMs: number;
  /** How old notes may get before they are read again. */
  readonly notesMs: number;
  readonly backoff: BackoffOptions;
}

/** The cadence for people. */
export const CADENCE: Cadence = {
  awakeMs: 10_000,
  asleepMs: 30_000,
  nobodyMs: 300_000,
  notesMs: 600_000,
  backoff: { firstMs: 1_000, maxMs: 30_000, jitter: 0.2 },
};

/** Configurations that are read at the same time. */
const PARALLEL = 4;

/** Follows one cluster by one slow poll; see `Provider.watch`. */
export async function watch(
  cluster: Cluster,
  sink: EngineSink,
  signal: AbortSignal,
  cadence: Cadence,
): Promise<void> {
  const follower = new Follower(cluster, sink, cadence);
  let away = false;
  let failures = 0;
  try {
    while (!signal.aborted) {
      try {
        await follower.round(signal);
        away = false;
        failures = 0;
        await pause(cluster, follower.nextMs(), signal);
      } catch (error) {
        if (signal.aborted) return;
        const problem =
          error instanceof ProviderError
            ? error
            : new ProxmoxError("engine_failed", cluster.engine, messageOf(error), {}, { cause: error });
        cluster.sinks.delete(sink);
        cluster.connection.renew();
        // One poll that goes wrong is a gap; refusals and what never worked are outages at once.
        const gap = failures === 0 && follower.listed && problem.code !== "engine_forbidden";
        if (!gap && !away) {
          away = true;
          follower.lost();
          sink.away(problem);
        }
        await sleep(cluster.clock, backoffMs(failures++, cadence.backoff), signal).catch(() => undefined);
      }
    }
  } finally {
    cluster.sinks.delete(sink);
  }
}

/** Waits for the next round, or until other guests are followed. */
async function pause(cluster: Cluster, ms: number | undefined, signal: AbortSignal): Promise<void> {
  using wait = linkSignals(signal);
  using _ = cluster.followedChanged.subscribe(() => wait.abort(new Error("other guests are followed")));
  await sleep(cluster.clock, ms ?? Number.MAX_SAFE_INTEGER, wait.signal).catch(() => undefined);
}

class Follower {
  readonly #cluster: Cluster;
  readonly #sink: EngineSink;
  readonly #cadence: Cadence;
  #before: ReadonlyMap<number, Guest> | undefined;
  #checked = "";
  #said = new Set<string>();

  constructor(cluster: Cluster, sink: EngineSink, cadence: Cadence) {
    this.#cluster = cluster;
    this.#sink = sink;
    this.#cadence = cadence;
  }

  /** True when the sink has a listing that was not lost. */
  get listed(): boolean {
    return this.#before !== undefined;
  }

  lost(): void {
    this.#before = undefined;
  }

  nextMs(): number | undefined {
    const { followed, guests, discover, memory } = this.#cluster;
    if (followed.size === 0) return discover ? this.#cadence.nobodyMs : undefined;
    const awake = [...followed].some((vmid) => {
      const status = memory.statusOf(vmid);
      return status === undefined ? guests.get(vmid)?.status !== "stopped" : status !== "exited";
    });
    return awake ? this.#cadence.awakeMs : this.#cadence.asleepMs;
  }

  async round(signal: AbortSignal): Promise<void> {
    const cluster = this.#cluster;
    const before = this.#before;
    const relabelled = new Map(
      [...cluster.guests.values()].map((guest) => [guest.vmid, this.#labels(guest)]),
    );
    const guests = await cluster.refresh(signal);
    if (guests.size === 0) await mustSeeSomething(cluster, signal);
    if (cluster.discover) await this.#readNotes(guests, signal);
    const contradicted = [...guests.values()].filter((guest) =>
      cluster.memory.contradicts(guest, cluster.clock.monotonic()),
    );
    cluster.sinks.add(this.#sink);
    this.#before = guests;
    if (!before) {
      this.#sink.listed({ instances: [...guests.values()].map((guest) => summaryOf(cluster, guest)) });
    } else this.#compare(before, guests, relabelled);
    for (const { vmid } of contradicted) await this.#lookAgain(vmid, signal);
    await this.#checkRights(signal);
  }

  #compare(
    before: ReadonlyMap<number, Guest>,
    guests: ReadonlyMap<number, Guest>,
    labels: ReadonlyMap<number, unknown>,
  ): void {
    const cluster = this.#cluster;
    for (const guest of guests.values()) {
      const was = before.get(guest.vmid);
      const id = cluster.idOf(guest.vmid);
      if (!was) this.#sink.changed({ id, cause: "created" });
      else if (was.name !== guest.name || labels.get(guest.vmid) !== this.#labels(guest)) {
        this.#sink.changed({ id, cause: "renamed" });
      }
    }
    for (const vmid of before.keys()) {
      if (guests.has(vmid)) continue;
      cluster.memory.forget(vmid);
      cluster.notes.forget(vmid);
      this.#sink.changed({ id: cluster.idOf(vmid), cause: "destroyed" });
    }
  }

  #labels(guest: Guest): unknown {
    return this.#cluster.discover ? this.#cluster.notes.labels(guest) : undefined;
  }

  /** The listing is old: only a live look says what happened, and tells it. */
  async #lookAgain(vmid: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#cluster.look(vmid, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ProviderError)) throw error;
    }
  }

  /** Notes are not part of a listing. A guest whose node is silent keeps those that are known. */
  async #readNotes(guests: ReadonlyMap<number, Guest>, signal: AbortSignal): Promise<void> {
    const { notes } = this.#cluster;
    const old = [...guests.values()].filter(
      (guest) => guest.status !== "unknown" && notes.isOld(guest, this.#cadence.notesMs),
    );
    const work = async (): Promise<void> => {
      for (let guest = old.pop(); guest; guest = old.pop()) {
        try {
          await notes.read(guest, signal, 0);
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof ProviderError)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
  }

  /** Names the right that is missing before the first wake needs it. */
  async #checkRights(signal: AbortSignal): Promise<void> {
    const { followed, connection } = this.#cluster;
    const key = [...followed].sort((a, b) => a - b).join(",");
    if (key === this.#checked || key === "") return;
    const missing = missingRights(await readRights(this.#cluster, signal), followed);
    this.#checked = key;
    for (const what of missing) {
      if (this.#said.has(what)) continue;
      this.#said.add(what);
      const path = what.replace(/^.* on /, "");
      const fix = `pveum acl modify ${path} ${connection.aclArgument} --roles Wakegate`;
      connection.log("warn", `${connection.who} lacks ${what}: ${fix}`, { engine: connection.engine });
    }
  }
}
