import { backoffMs } from "../../../src/lib/backoff.ts";
import type { EngineChange, Instance, StopMethod } from "../../../src/providers/provider.ts";
import type { Behaviour, Box } from "./box.ts";
import type { WorldClock } from "./world-clock.ts";

/** What a container is made with. */
export interface BoxPlan {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly restartPolicy: Instance["restartPolicy"];
  readonly networkOwner?: string;
  readonly behaviour: Behaviour;
}

/** A restart policy waits before it acts, twice as long each time, and begins anew after a long run (as dockerd does). */
const RESTART = { firstMs: 100, maxMs: 60_000 };
const LONG_RUN_MS = 10_000;

/**
 * The engine as it truly is: containers that boot, die and are made anew, whoever asks for it. It never lies; what
 * Wakegate hears of it comes through a provider that may.
 */
export class Engine {
  readonly #clock: WorldClock;
  readonly boxes = new Map<string, Box>();
  /** Told at once of everything that happens. */
  readonly listeners = new Set<(change: EngineChange) => void>();
  readonly #ends = new Map<Box, (() => void)[]>();
  #ids = 0;
  #runs = 0;

  constructor(clock: WorldClock) {
    this.#clock = clock;
  }

  /** The newest container of that name. */
  named(name: string): Box | undefined {
    let found: Box | undefined;
    for (const box of this.boxes.values()) if (box.name === name) found = box;
    return found;
  }

  create(plan: BoxPlan): Box {
    const box: Box = {
      id: `${plan.name}-${String(++this.#ids)}`,
      name: plan.name,
      labels: plan.labels,
      restartPolicy: plan.restartPolicy,
      networkOwner: plan.networkOwner,
      behaviour: { ...plan.behaviour },
      createdAt: this.#clock.now() + this.#ids,
      status: "created",
      address: "",
      run: "",
      startedAt: undefined,
      answersFrom: 0,
      exit: undefined,
      health: "none",
      dying: false,
      crashes: 0,
      bytes: 0,
      bytesAt: this.#clock.monotonic(),
    };
    this.boxes.set(box.id, box);
    this.#tell(box, "created");
    return box;
  }

  start(box: Box): void {
    if (box.status === "paused") return this.unpause(box);
    if (box.status === "running" || !this.boxes.has(box.id)) return;
    box.status = "running";
    box.run = `run${String(++this.#runs)}`;
    box.startedAt = this.#clock.now();
    box.answersFrom = this.#clock.monotonic() + box.behaviour.bootMs;
    box.exit = undefined;
    box.dying = false;
    box.health = "none";
    box.address = this.#freeAddress();
    box.bytes = 0;
    box.bytesAt = this.#clock.monotonic();
    this.#tell(box, "started");
    const { dies } = box.behaviour;
    const { run } = box;
    if (dies)
      this.#clock.after(dies.afterMs, () => box.run === run && this.end(box, dies.code, dies.oomKilled));
  }

  /** Resolves when it is down. */
  async stop(box: Box, method: StopMethod, graceMs = 10_000): Promise<void> {
    if (method === "pause") return this.pause(box);
    if (box.status !== "running" && box.status !== "paused") {
      if (box.status === "restarting") this.end(box, 143, false, true);
      return;
    }
    const over = new Promise<void>((resolve) =>
      this.#ends.set(box, [...(this.#ends.get(box) ?? []), resolve]),
    );
    if (method === "kill") this.#signal(box, "SIGKILL", 0, 137);
    else if (box.behaviour.stopMs <= graceMs) this.#signal(box, "SIGTERM", box.behaviour.stopMs, 143);
    else this.#signal(box, "SIGTERM", graceMs, 137);
    return await over;
  }

  /** It ends, by itself or by force. `stopped`: somebody wanted it, so its restart policy leaves it alone. */
  end(box: Box, code: number, oomKilled: boolean, stopped = false): void {
    if (box.status !== "running" && box.status !== "paused" && box.status !== "restarting") return;
    const { restartPolicy, run } = box;
    const again = !stopped && (restartPolicy === "on-failure" ? code !== 0 : restartPolicy !== "no");
    this.#down(box, code, oomKilled);
    if (!again) return;
    box.status = "restarting";
    const ran = box.exit && box.startedAt !== undefined ? box.exit.at - box.startedAt : 0;
    box.crashes = ran >= LONG_RUN_MS ? 0 : box.crashes + 1;
    this.#clock.after(backoffMs(Math.max(0, box.crashes - 1), RESTART), () => {
      if (box.status === "restarting" && box.run === run) this.start(box);
    });
  }

  pause(box: Box): void {
    if (box.status !== "running") return;
    box.status = "paused";
    this.#tell(box, "paused");
  }

  unpause(box: Box): void {
    if (box.status !== "paused") return;
    box.status = "running";
    this.#tell(box, "unpaused");
  }

  remove(box: Box): void {
    this.end(box, 137, false, true);
    if (this.boxes.delete(box.id)) this.#tell(box, "destroyed");
  }

  setHealth(box: Box, health: Instance["health"]): void {
    if (box.status !== "running") return;
    box.health = health;
    this.#tell(box, "health");
  }

  /** The engine itself goes down and comes up: what has a policy runs again, all else is down. */
  restart(): void {
    for (const box of this.boxes.values()) {
      const ran = box.status === "running" || box.status === "paused" || box.status === "restarting";
      if (ran) this.#down(box, 137, false);
      if (box.restartPolicy === "always" || (box.restartPolicy === "unless-stopped" && ran)) this.start(box);
    }
  }

  /** Bytes that its network has moved in this run. */
  bytesOf(box: Box): number {
    const now = this.#clock.monotonic();
    if (box.status === "running") box.bytes += ((now - box.bytesAt) * box.behaviour.bytesPerSecond) / 1_000;
    box.bytesAt = now;
    return box.bytes;
  }

  #signal(box: Box, signal: string, inMs: number, code: number): void {
    const { run } = box;
    box.dying = true;
    this.#tell(box, "signalled", signal);
    this.#clock.after(inMs, () => {
      if (box.run === run && box.status !== "exited") this.end(box, code, false, true);
    });
  }

  #down(box: Box, code: number, oomKilled: boolean): void {
    box.status = "exited";
    box.exit = { code, oomKilled, at: this.#clock.now() };
    box.address = "";
    box.dying = false;
    if (oomKilled) this.#tell(box, "oom");
    this.#tell(box, "died");
    for (const resolve of this.#ends.get(box) ?? []) resolve();
    this.#ends.delete(box);
  }

  /** Engines give the lowest free address: the one of who stopped last goes to who starts next. */
  #freeAddress(): string {
    const taken = new Set([...this.boxes.values()].map(({ address }) => address));
    for (let last = 2; ; last++)
      if (!taken.has(`172.18.0.${String(last)}`)) return `172.18.0.${String(last)}`;
  }

  #tell({ id }: Box, cause: EngineChange["cause"], signal?: string): void {
    const change: EngineChange = { id, cause, ...(signal !== undefined && { signal }) };
    for (const listener of this.listeners) listener(change);
  }
}
