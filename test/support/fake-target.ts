import type { RouteSpec, TargetSpec } from "../../src/config/model.ts";
import type { StreamOptions } from "../../src/config/model/stream.ts";
import { Emitter } from "../../src/lib/emitter.ts";
import type {
  DirectoryEntry,
  Gate,
  TargetDirectory,
  TargetHandle,
  Use,
  WakeCause,
} from "../../src/watchers/handle.ts";
import type { ProbeAddress } from "../../src/watchers/readiness/address.ts";
import type { Progress } from "../../src/watchers/progress.ts";
import type { WakeEvent } from "../../src/watchers/wake-events.ts";

/** A complete spec with the defaults of the schema; `changes` win. */
export function targetSpec(name: string, changes: Partial<TargetSpec> = {}): TargetSpec {
  return {
    name,
    displayName: name,
    origin: "test",
    source: { kind: "docker", engine: "local", container: name },
    routes: [{ host: `${name}.example.com`, prefix: "/" }],
    scheme: "http",
    wakeTimeoutMs: 180_000,
    stopMethod: "stop",
    dependsOn: [],
    noLoadingPage: false,
    pageMode: "inline",
    page: { details: false, logs: false, footer: true },
    holdTimeoutMs: 25_000,
    onManualStop: "nap",
    foreignStopGraceMs: 10_000,
    readiness: { kind: "auto", path: "/", statuses: [[100, 499]], timeoutMs: 1000 },
    stream: STREAM,
    presets: ["monitors", "crawlers", "link-previews", "assets"],
    rules: [],
    pollers: { wakes: true, counts: false },
    pools: [],
    roomTimeoutMs: 180_000,
    ...changes,
  };
}

/** What the schema says of streams. */
export const STREAM: StreamOptions = {
  protocol: "tcp",
  names: [],
  wakeOn: "connect",
  allow: [],
  deny: [],
  maxConnections: 4096,
  maxPerClient: 2048,
  wakesPerMinute: 30,
  udpTimeoutMs: 60_000,
  acceptProxy: [],
  sendProxy: "off",
  players: [],
};

/** A watcher's handle that does what the test says and writes down what it was asked. */
export class FakeTarget implements TargetHandle {
  readonly spec: TargetSpec;
  gate: Gate;
  readonly changed = new Emitter<void>();
  readonly events = new Emitter<WakeEvent>();
  readonly touches: Use[] = [];
  readonly wakes: WakeCause[] = [];
  readonly retries: WakeCause[] = [];
  readonly log: WakeEvent[] = [];
  leases = 0;
  uncounted = 0;
  followers = 0;
  reachedAt: readonly ProbeAddress[] = [];
  lesson: { usuallyMs?: number; p90Ms?: number } = {};
  progressChanges: Partial<Progress> = {};
  /** What a wake does to an asleep target. Default: it is waking. */
  onWake: () => void = () => this.set({ kind: "coming", state: "waking" });

  constructor(spec: TargetSpec, gate: Gate = { kind: "asleep" }) {
    this.spec = spec;
    this.gate = gate;
  }

  set(gate: Gate): void {
    this.gate = gate;
    this.changed.emit();
  }

  emit(event: Partial<WakeEvent> & Pick<WakeEvent, "type">): void {
    const full: WakeEvent = {
      id: (this.log.at(-1)?.id ?? 0) + 1,
      target: this.spec.name,
      message: event.type,
      timestamp: 1_700_000_000_000,
      ...event,
    };
    this.log.push(full);
    this.events.emit(full);
  }

  history(): readonly WakeEvent[] {
    return [...this.log];
  }

  progress(): Progress {
    const phase = PHASES[this.gate.kind];
    const { name, displayName } = this.spec;
    const asOf = 1_700_000_000_000;
    return { target: name, displayName, phase, asOf, steps: [], dependencies: [], ...this.progressChanges };
  }

  learned(): { usuallyMs?: number; p90Ms?: number } {
    return this.lesson;
  }

  passed(): void {
    this.uncounted++;
  }

  touch(use: Use): void {
    this.touches.push(use);
  }

  wake(cause: WakeCause): void {
    this.wakes.push(cause);
    if (this.gate.kind === "asleep") this.onWake();
  }

  retry(cause: WakeCause): void {
    this.retries.push(cause);
    this.set({ kind: "coming", state: "waking" });
  }

  lease(): Disposable {
    this.leases += 1;
    return { [Symbol.dispose]: () => void (this.leases -= 1) };
  }

  addresses(): Promise<readonly ProbeAddress[]> {
    return Promise.resolve(this.reachedAt);
  }

  follow(): Disposable {
    this.followers += 1;
    return { [Symbol.dispose]: () => void (this.followers -= 1) };
  }
}

const PHASES = {
  ready: "ready",
  asleep: "napping",
  coming: "starting",
  failed: "error",
  missing: "missing",
} as const;

/** A directory that the test fills. */
export class FakeDirectory implements TargetDirectory {
  entries: readonly DirectoryEntry[] = [];
  readonly changed = new Emitter<void>();
  settled = true;
  readonly #settled = new Emitter<void>();

  constructor(...targets: readonly FakeTarget[]) {
    this.entries = targets.map(entryOf);
  }

  set(entries: readonly DirectoryEntry[]): void {
    this.entries = entries;
    this.changed.emit();
  }

  settle(): void {
    this.settled = true;
    this.#settled.emit();
  }

  whenSettled(signal: AbortSignal): Promise<void> {
    if (this.settled) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const subscription = this.#settled.subscribe(() => {
        subscription[Symbol.dispose]();
        resolve();
      });
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  }
}

export function entryOf(target: FakeTarget): DirectoryEntry {
  return { name: target.spec.name, routes: target.spec.routes, handle: target };
}

/** A route written as people do: `blog.example.com/admin`. */
export function route(text: string): RouteSpec {
  const slash = text.indexOf("/");
  return slash === -1
    ? { host: text, prefix: "/" }
    : { host: text.slice(0, slash), prefix: text.slice(slash) };
}
