import type { RedisStoreSettings } from "../../config/model/store.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import type { Store } from "../store.ts";
import { Replicas, type ReplicasOptions } from "./replicas.ts";
import { SharedStore } from "./shared-store.ts";

/** What several Wakegates share, seen from one of them. */
export interface OpenReplicas {
  readonly store: Store;
  readonly replicas: Replicas;
}

/** A Redis that is there answers within this; a start does not wait longer for it. */
const FIRST_SYNC_MS = 2_000;

/**
 * Puts the shared store over the state file. Resolves when it was read, or when it does not answer: then it is tried
 * on, and said in the log. `files` stays the caller's. Never rejects.
 */
export async function openReplicas(options: {
  readonly settings: RedisStoreSettings;
  readonly files: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly key: ReplicasOptions["key"];
}): Promise<OpenReplicas> {
  const store = new SharedStore(options.files);
  const replicas = new Replicas({ ...options, store });
  await replicas.whenSynced(FIRST_SYNC_MS);
  return { store, replicas };
}
