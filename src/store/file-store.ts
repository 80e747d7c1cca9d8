import * as nodeDisk from "node:fs/promises";
import { messageOf } from "../errors.ts";
import { backoffMs } from "../lib/backoff.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { onAbort } from "../lib/signals.ts";
import { writeAtomically } from "./atomic-write.ts";
import type { Disk } from "./disk.ts";
import { formatState } from "./format.ts";
import { loadStateFolder } from "./state-folder.ts";
import type { RecordChange, Store, TargetRecord } from "./store.ts";

/** What a store on disk is opened with. */
export interface FileStoreOptions {
  /** Absolute path of the folder. Created with mode 0700 when missing. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Longest time between an update and its write, in ms. Default: 2000. */
  readonly debounceMs?: number;
  /** Default: the machine's own. */
  readonly disk?: Disk;
}

/** Wakes kept for each target. */
const MOST_WAKES = 50;
/** A disk that fails is tried again after 1, 2, 4 ... 60 s. */
const RETRY = { firstMs: 1_000, maxMs: 60_000 };

/**
 * Opens the store in `<dir>/state.json`. A file that cannot be used is kept aside and said in the log.
 * Disposing writes what is left; a failure then is logged, not thrown.
 *
 * @throws WakegateError `state_unwritable` when the folder cannot be created, read or written.
 */
export async function openFileStore(options: FileStoreOptions): Promise<Store> {
  const { disk = nodeDisk } = options;
  const { path, targets } = await loadStateFolder({ ...options, disk });
  return new FileStore(path, targets, { ...options, disk });
}

/** A write under way: `revision` is what will be on disk when `done` resolves. */
interface Write {
  readonly revision: number;
  readonly done: Promise<void>;
}

class FileStore implements Store {
  readonly #path: string;
  readonly #disk: Disk;
  readonly #targets: Map<string, TargetRecord>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #debounceMs: number;
  /** Counts changes; `#saved` is the count that the disk has. */
  #revision = 0;
  #saved = 0;
  #write: Write | undefined;
  #timer: Disposable | undefined;
  /** Failed writes in a row. */
  #failures = 0;
  #closed = false;

  constructor(
    path: string,
    targets: ReadonlyMap<string, TargetRecord>,
    options: FileStoreOptions & { readonly disk: Disk },
  ) {
    this.#path = path;
    this.#disk = options.disk;
    this.#targets = new Map(targets);
    this.#clock = options.clock;
    this.#log = options.log;
    this.#debounceMs = options.debounceMs ?? 2_000;
  }

  target(name: string): TargetRecord | undefined {
    return this.#targets.get(name);
  }

  targets(): ReadonlyMap<string, TargetRecord> {
    return this.#targets;
  }

  update(name: string, change: RecordChange): void {
    const before = this.#targets.get(name);
    const after = merge(before, change);
    if (after === before) return;
    this.#targets.set(name, after);
    this.#changed();
  }

  forget(name: string): void {
    if (this.#targets.delete(name)) this.#changed();
  }

  async flush(signal?: AbortSignal): Promise<void> {
    const wanted = this.#revision;
    while (this.#saved < wanted) {
      signal?.throwIfAborted();
      const write = this.#write ?? this.#begin();
      try {
        await abortable(write.done, signal);
      } catch (error) {
        // A write that began before the wanted change says nothing about it: one more is tried.
        if (signal?.aborted || write.revision >= wanted) throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // The failure was logged by the write itself, and nobody could do more about it here.
    await this.flush().catch(() => undefined);
    this.#timer?.[Symbol.dispose]();
  }

  #changed(): void {
    this.#revision += 1;
    this.#schedule(this.#debounceMs);
  }

  /** The earliest timer stays: neither a stream of updates nor one during a retry's pause moves it. */
  #schedule(ms: number): void {
    if (this.#closed || this.#timer || this.#write) return;
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = undefined;
      this.#begin();
    });
  }

  /** Starts a write of everything so far. Only when none is under way. */
  #begin(): Write {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const revision = this.#revision;
    const done = writeAtomically(this.#disk, this.#path, formatState(this.#targets)).then(
      () => this.#succeeded(revision),
      (error: unknown) => this.#failed(error),
    );
    this.#write = { revision, done };
    // Who flushes sees the failure; nobody may be doing so.
    done.catch(() => undefined);
    return this.#write;
  }

  #succeeded(revision: number): void {
    this.#write = undefined;
    this.#saved = revision;
    if (this.#failures > 0) {
      this.#log.info("state_write_recovered", "The state file can be written again.", { path: this.#path });
    }
    this.#failures = 0;
    if (this.#saved < this.#revision) this.#schedule(this.#debounceMs);
  }

  #failed(error: unknown): never {
    this.#write = undefined;
    if (this.#failures === 0) {
      this.#log.error(
        "state_write_failed",
        `The state file cannot be written: ${messageOf(error)}. Wakegate goes on and tries again; after a restart it would not know what happened since.`,
        { path: this.#path, error: messageOf(error) },
      );
    }
    this.#schedule(backoffMs(this.#failures, RETRY));
    this.#failures += 1;
    throw error;
  }
}

/** The merged record, or `before` itself when nothing changes. */
function merge(before: TargetRecord | undefined, change: RecordChange): TargetRecord {
  const after: Record<string, unknown> = { ...before };
  let changed = before === undefined;
  for (const [key, value] of Object.entries(change)) {
    if (Object.is(after[key], value)) continue;
    changed = true;
    if (value === undefined) delete after[key];
    else after[key] = key === "wakes" ? (value as unknown[]).slice(-MOST_WAKES) : value;
  }
  return changed ? after : (before as TargetRecord);
}

/** @throws the signal's reason as soon as it aborts; the work itself goes on. */
function abortable(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const link = onAbort(signal, (reason) => reject(reason));
    work.then(resolve, reject).finally(() => link[Symbol.dispose]());
  });
}
