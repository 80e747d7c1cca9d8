import { Generations } from "../lib/generations.ts";
import type { Log } from "../lib/log.ts";
import type { PollerEvidence } from "./pollers.ts";
import { ruleToCopy } from "./rule-to-copy.ts";

/** Who asks: one program on one machine. */
export interface Source {
  readonly client: string;
  readonly userAgent: string | undefined;
}

/** Wakes by one source's polls after which it wakes no more. */
const TOO_OFTEN = 3;
const MAX_TARGETS = 4096;
const MAX_SOURCES = 16;

/** One source's part in the circle. */
interface Part {
  wakes: number;
  told: boolean;
}

/**
 * Breaks the circle of a target that falls asleep and is woken at once by the same program, again and again. A
 * source that woke a target three times, with nobody else coming in between, wakes it no more by its polls. A
 * page that a person opens, or use by a source that has no part in the circle, gives everybody a new start.
 */
export class Flapping {
  readonly #log: Log;
  readonly #targets = new Generations<string, Map<string, Part>>(MAX_TARGETS);

  constructor(log: Log) {
    this.#log = log;
  }

  /** True while no target was woken since somebody else came: then `used` has nothing to do. */
  get quiet(): boolean {
    return this.#targets.size === 0;
  }

  /** Whether this source's polls may not wake the target. Said in the log once. */
  bars(target: string, source: Source, evidence: () => PollerEvidence | undefined): boolean {
    const part = this.#targets.get(target)?.get(nameOf(source));
    if (!part || part.wakes < TOO_OFTEN) return false;
    if (!part.told) this.#tell(target, part.wakes, evidence());
    part.told = true;
    return true;
  }

  /** Notes that a known poll came while the target was down: its rhythm may break by waiting for the wake. */
  joins(target: string, source: Source): void {
    this.#partOf(target, source);
  }

  /** Notes that a request of this source woke the target; `polls` where it is known as a poll. */
  woke(target: string, source: Source, polls: boolean): void {
    if (!polls) this.used(target, source, false);
    const part = this.#partOf(target, source);
    if (part) part.wakes += 1;
  }

  /** Notes use that is no poll. `person`: somebody opened a page. */
  used(target: string, source: Source, person: boolean): void {
    const parts = this.#targets.get(target);
    if (parts && (person || !parts.has(nameOf(source)))) this.#targets.delete(target);
  }

  #partOf(target: string, source: Source): Part | undefined {
    let parts = this.#targets.get(target);
    if (!parts) this.#targets.set(target, (parts = new Map()));
    const name = nameOf(source);
    const known = parts.get(name);
    if (known || parts.size >= MAX_SOURCES) return known;
    const part: Part = { wakes: 0, told: false };
    parts.set(name, part);
    return part;
  }

  #tell(target: string, wakes: number, poll: PollerEvidence | undefined): void {
    if (!poll) return;
    const every = `${String(Math.round(poll.everyMs / 1000))}s`;
    const who = `${poll.client} (${poll.userAgent ?? "no user agent"})`;
    this.#log.warn(
      "flapping",
      `${target} was woken ${String(wakes)} times in a row by ${who}, which asks for ${poll.path} every ${every}. It wakes it no more until somebody else comes. For good: ${ruleToCopy(poll)}`,
      { target, ...poll },
    );
  }
}

function nameOf({ client, userAgent = "" }: Source): string {
  return `${client} ${userAgent.slice(0, 512)}`;
}
