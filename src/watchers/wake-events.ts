/** What happened to one target, as the loading page, the API and the log tell it. */
export interface WakeEvent {
  /** Ascends by one for each event of a target; restarts with the process. */
  readonly id: number;
  readonly type: WakeEventType;
  readonly target: string;
  readonly message: string;
  /** Wall time in ms. */
  readonly timestamp: number;
  readonly error?: string;
  readonly dependency?: string;
  /** Probes made so far in this wake. */
  readonly tries?: number;
  /** With type "waiting_room": wakes before it that want the same room. */
  readonly before?: number;
  /** Since the wake began. */
  readonly elapsedMs?: number;
  /** Expected length of the whole wake. */
  readonly etaMs?: number;
}

export type WakeEventType =
  | "waiting_room"
  | "starting"
  | "waking_dep"
  | "dep_started"
  | "dep_ready"
  | "container_woke"
  | "waiting_ready"
  | "ready"
  | "error"
  | "stopping"
  | "napping";
