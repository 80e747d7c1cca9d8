import type { Clock } from "../lib/clock.ts";
import { announce, beginsWake } from "./announce.ts";
import type { DependencyReport } from "./dependencies.ts";
import { EventLog } from "./event-log.ts";
import type { TargetHandle } from "./handle.ts";
import type { RoomNews } from "./pools/room.ts";
import type { Learned } from "./history.ts";
import type { ProbeResult } from "../lib/probe-result.ts";
import { portsText, type SilentPort } from "./readiness/silent-port.ts";
import { wakeBegan, type State, type Wake } from "./state.ts";
import type { WakeEvent } from "./wake-events.ts";

/** How often at most "still waiting" is said. */
const TELL_EVERY_MS = 1_000;

type Said = Pick<
  Parameters<EventLog["emit"]>[0],
  "type" | "message" | "error" | "dependency" | "tries" | "before"
>;

/** What the narrator asks of the watcher whose story it tells. */
interface Hero {
  readonly name: string;
  readonly displayName: string;
  readonly around: { readonly clock: Clock };
  learned(from: Wake["from"]): Learned;
  /** An event was told to those who follow this target. */
  told(event: WakeEvent): void;
}

/** Tells what happens to one target as wake events. */
export class Narrator {
  readonly #hero: Hero;
  /** Absent until there is something to tell, or somebody who listens. */
  #kept: EventLog | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(hero: Hero) {
    this.#hero = hero;
  }

  get #clock(): Clock {
    return this.#hero.around.clock;
  }

  get #log(): EventLog {
    return (this.#kept ??= new EventLog(this.#hero.name));
  }

  get stream(): TargetHandle["events"] {
    return this.#log.stream;
  }

  history(): ReturnType<TargetHandle["history"]> {
    return this.#kept?.history() ?? [];
  }

  moved(before: State, after: State): void {
    if (beginsWake(before, after)) this.#kept?.clear();
    for (const said of announce(before, after, this.#hero.displayName)) this.#say(said, after);
  }

  dependency({ type, dependency }: DependencyReport, state: State): void {
    switch (type) {
      case "waking":
        return this.#say({ type: "waking_dep", message: `Waking ${dependency}`, dependency }, state);
      case "started":
        return this.#say({ type: "dep_started", message: `${dependency} runs`, dependency }, state);
      case "ready":
        return this.#say({ type: "dep_ready", message: `${dependency} is ready`, dependency }, state);
      case "failed":
        // It ends the wake, and that is said then with the reason.
        return undefined;
    }
  }

  /** It waits until others have made room. Said when its place changes, or what it waits for. */
  room({ before, etaMs }: RoomNews, state: State): void {
    const name = this.#hero.displayName;
    const place = before === 0 ? "it is next" : `${String(before)} before it`;
    this.#say({ type: "waiting_room", message: `${name} waits for room, ${place}`, before }, state, etaMs);
  }

  /** The engine cannot start it yet: a backup holds it, for instance. */
  delayed(why: string, state: State): void {
    this.#say({ type: "starting", message: `${this.#hero.displayName} has to wait: ${why}` }, state);
  }

  silentPort({ ports }: SilentPort, state: State): void {
    const message = `Nothing listens on ${portsText(ports)} of ${this.#hero.displayName}`;
    this.#say({ type: "waiting_ready", message }, state);
  }

  waiting(tries: number, result: ProbeResult, state: State): void {
    const now = this.#clock.monotonic();
    if (now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    const last = result.kind === "answer" ? `answered ${String(result.status)}` : result.error;
    const message = `No good answer of ${this.#hero.displayName} yet: ${last}`;
    this.#say({ type: "waiting_ready", message, tries }, state);
  }

  /** `roomMs`: until there is room. While it waits nobody knows the whole without it. */
  #say(said: Said, state: State, roomMs?: number): void {
    const wake = "wake" in state ? state.wake : undefined;
    const usually = wake && this.#hero.learned(wake.from).usuallyMs;
    const elapsedMs = wake && Math.round(this.#clock.monotonic() - wakeBegan(wake));
    const waits = said.type === "waiting_room";
    const etaMs =
      usually === undefined || (waits && roomMs === undefined)
        ? undefined
        : Math.round(usually + (waits ? (elapsedMs ?? 0) + (roomMs ?? 0) : 0));
    const event = this.#log.emit({
      ...said,
      timestamp: this.#clock.now(),
      ...(elapsedMs !== undefined && { elapsedMs }),
      ...(etaMs !== undefined && { etaMs }),
    });
    this.#hero.told(event);
  }
}
