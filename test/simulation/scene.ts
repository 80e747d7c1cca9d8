import type { Settings } from "../../src/config/model.ts";
import { Asked } from "./asked.ts";
import { observeInputs } from "./coverage.ts";
import type { Happening } from "./happening.ts";
import type { Invariant, Watching } from "./invariants/invariant.ts";
import { Random } from "./random.ts";
import { hostOf, type App } from "./schedule/apps.ts";
import type { Schedule } from "./schedule/generate.ts";
import { Told } from "./told.ts";
import { Trace } from "./trace.ts";
import { describeHappening } from "./describe-happening.ts";
import { Engine } from "./world/engine.ts";
import { Mischief } from "./world/mischief.ts";
import type { ProcessClock } from "./world/process-clock.ts";
import { SimDisk } from "./world/sim-disk.ts";
import { SimNet } from "./world/sim-net.ts";
import type { SimSocket } from "./world/sim-socket.ts";
import { requestOf, VisitResponse, type Visit, type VisitKind } from "./world/visit.ts";
import { Wakegate } from "./world/wakegate.ts";
import { WorldClock } from "./world/world-clock.ts";

/** A rule of the design that did not hold. */
export interface Violation {
  readonly invariant: number;
  readonly message: string;
  /** Monotonic ms. */
  readonly at: number;
}

/** A TCP client's connection through Wakegate. */
export interface Session {
  readonly target: string;
  readonly client: string;
  readonly socket: SimSocket;
  readonly since: number;
}

/** What supervises it starts it again after this. */
const START_AGAIN_MS = 1_000;

/** The world of one schedule with the Wakegate in it, and those who watch whether the rules hold. */
export class Scene {
  readonly schedule: Schedule;
  readonly clock = new WorldClock();
  readonly trace = new Trace();
  readonly told = new Told();
  readonly asked = new Asked();
  readonly engine: Engine;
  readonly mischief: Mischief;
  readonly disk: SimDisk;
  readonly net: SimNet;
  readonly visits = new Map<Visit, VisitResponse>();
  readonly sessions = new Set<Session>();
  /** Told of everything that happens. */
  readonly listeners = new Set<(happening: Happening) => void>();
  /** Undefined while none runs, or one is about to. */
  wakegate: Wakegate | undefined;
  /** How many processes have begun. */
  generation = 0;
  /** Runs that began because a Wakegate asked for them. */
  readonly ownRuns = new Set<string>();
  /** Until which wall ms a person's pin or lease kept a target awake at most: its idle time begins then. */
  readonly keptUntil = new Map<string, number>();
  /** The disk failed, or was so slow that nobody waits for it. */
  diskFailed = false;
  steps = 0;
  violation: Violation | undefined;
  #process: ProcessClock | undefined;
  #ending: { readonly of: Wakegate; readonly over: Promise<void> } | undefined;
  #settings: Settings;
  readonly #watching: readonly Watching[];
  #numbers = 0;

  constructor(schedule: Schedule, settings: Settings, invariants: readonly Invariant[]) {
    this.schedule = schedule;
    this.#settings = settings;
    this.engine = new Engine(this.clock);
    this.mischief = new Mischief(new Random(schedule.seed + 0x5eed));
    this.disk = new SimDisk(this.clock, new Random(schedule.seed + 0xd15c));
    this.net = new SimNet(this.clock, this.engine, new Random(schedule.seed + 0x2e7));
    observeInputs((watcher, input) => {
      if (this.wakegate?.registry.watcher(watcher.name) === watcher)
        this.tell({ kind: "input", target: watcher.name, state: watcher.state, input });
    });
    this.#watching = invariants.map((invariant) => invariant.watch(this));
  }

  app(name: string): App | undefined {
    return this.schedule.apps.find((app) => app.name === name);
  }

  /** Something happened: everybody hears of it. */
  tell(happening: Happening): void {
    this.told.hear(happening, this.clock.monotonic());
    this.asked.hear(happening, (name) => this.wakegate?.registry.watcher(name));
    const line = describeHappening(happening);
    if (line !== undefined) this.note(line);
    for (const { hear } of this.#watching) hear?.(happening);
    for (const listener of this.listeners) listener(happening);
  }

  note(line: string): void {
    this.trace.add(this.clock.monotonic(), line);
  }

  /** The first rule that breaks ends the run. */
  violated(invariant: number, message: string): void {
    if (this.violation) return;
    this.violation = { invariant, message, at: this.clock.monotonic() };
    this.note(`INVARIANT ${String(invariant)} BROKEN: ${message}`);
  }

  checkStep(): void {
    for (const { step } of this.#watching) step?.();
  }

  checkQuiet(): void {
    for (const { quiet } of this.#watching) quiet?.();
  }

  checkClosed(): void {
    for (const { closed } of this.#watching) closed?.();
  }

  /** The process that runs or begins, also where it does not answer yet. */
  get process(): ProcessClock | undefined {
    return this.#process;
  }

  begin(): void {
    if (this.#process) return;
    this.generation++;
    const { clock: world, engine, mischief, disk, net } = this;
    this.#process = Wakegate.begin(
      {
        settings: this.#settings,
        world,
        engine,
        mischief,
        disk,
        net,
        tell: (happening) => this.tell(happening),
        started: (run) => this.ownRuns.add(run),
        number: () => ++this.#numbers,
        believedAt: (address) =>
          [...this.told.boxes.values()].filter((box) => box.address === address).map(({ id }) => id),
      },
      (wakegate) => {
        this.wakegate = wakegate;
        this.note("Wakegate answers");
      },
      (error) => {
        this.note(`Wakegate cannot start: ${String(error)}`);
        this.kill(1, false);
        this.clock.after(START_AGAIN_MS, () => this.begin());
      },
    );
    this.tell({ kind: "began" });
  }

  /** kill -9. What it was writing got as far as `share` says. */
  kill(share: number, power: boolean): void {
    if (!this.#process) return;
    this.#process.kill();
    if (power) this.disk.powerCut(share);
    else this.disk.killed(share);
    this.#gone("killed");
  }

  /** SIGTERM: resolves when it has ended, also where it was told before. */
  end(): Promise<void> {
    const { wakegate } = this;
    if (!wakegate) return Promise.resolve();
    if (this.#ending?.of !== wakegate) {
      const end = async (): Promise<void> => {
        await wakegate.close();
        if (this.wakegate === wakegate) this.#gone("closed");
      };
      this.#ending = { of: wakegate, over: end() };
    }
    return this.#ending.over;
  }

  reload(settings: Settings): void {
    this.#settings = settings;
    this.wakegate?.reconfigure(settings);
    this.tell({ kind: "reloaded" });
  }

  visit(target: string, kind: VisitKind, client: string): Visit | undefined {
    const { wakegate } = this;
    // What has no host is nobody's to visit: its name leads nowhere.
    const app = this.schedule.apps.find(({ name }) => name === target);
    if (!wakegate || app?.labels["wakegate.hosts"] === undefined) return undefined;
    const visit: Visit = {
      number: ++this.#numbers,
      target,
      kind,
      client,
      at: this.clock.monotonic(),
      metState: wakegate.registry.watcher(target)?.state.kind ?? "none",
      status: undefined,
      headers: {},
      gone: false,
    };
    const response = new VisitResponse((status, headers) => {
      if (visit.gone) return;
      visit.status = status;
      visit.headers = headers;
      this.visits.delete(visit);
      this.tell({ kind: "answered", visit });
    });
    this.visits.set(visit, response);
    this.tell({ kind: "arrived", visit });
    wakegate.clock.deliver(() =>
      wakegate.forwardAuth.authz(requestOf(hostOf(target), "/", kind, client), response.asResponse),
    );
    return visit;
  }

  /** The client gives up. */
  leave(visit: Visit): void {
    const response = this.visits.get(visit);
    if (!response) return;
    this.visits.delete(visit);
    visit.gone = true;
    const wakegate = this.wakegate;
    wakegate?.clock.deliver(() => response.destroy());
    this.tell({ kind: "left", visit });
  }

  #gone(how: "killed" | "closed"): void {
    this.#process = undefined;
    this.wakegate = undefined;
    this.net.closeAll();
    for (const visit of this.visits.keys()) visit.gone = true;
    this.visits.clear();
    for (const { socket } of this.sessions) socket.destroy();
    this.sessions.clear();
    this.tell({ kind: how });
  }
}
