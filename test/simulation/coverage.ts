import type { Happening } from "./happening.ts";
import { Watcher } from "../../src/watchers/watcher.ts";
import type { State } from "../../src/watchers/state.ts";
import type { Input } from "../../src/watchers/input.ts";

let listener: ((watcher: Watcher, input: Input) => void) | undefined;
// oxlint-disable-next-line typescript/unbound-method -- called with its watcher below
const { dispatch } = Watcher.prototype;
Watcher.prototype.dispatch = function (this: Watcher, input: Input): void {
  listener?.(this, input);
  dispatch.call(this, input);
};

/** Hears of every input that any watcher is given. The next one to ask takes its place. */
export function observeInputs(hear: (watcher: Watcher, input: Input) => void): void {
  listener = hear;
}

/** Kinds of states, as far as they take inputs differently. */
const STATES = [
  "napping",
  "waking room",
  "waking dependencies",
  "waking calling",
  "starting",
  "ready",
  "stopping ours",
  "stopping foreign dying",
  "stopping foreign down",
  "error",
  "missing",
] as const;

const INPUTS: readonly Input["type"][] = [
  "wake",
  "retry",
  "seen",
  "stop-signal",
  "engine-away",
  "room",
  "dependencies-ready",
  "called",
  "wake-failed",
  "proved",
  "sleep",
  "stop-called",
  "sleep-failed",
  "sleep-dropped",
  "clock-set",
  "settled",
];

/** Which inputs were seen in which states: how much of the watcher's life the schedules reach. */
export class Coverage {
  readonly #seen = new Map<string, number>();

  hear(happening: Happening): void {
    if (happening.kind !== "input") return;
    const key = `${stateName(happening.state)} × ${happening.input.type}`;
    this.#seen.set(key, (this.#seen.get(key) ?? 0) + 1);
  }

  /** Pairs seen. */
  get reached(): number {
    return this.#seen.size;
  }

  /** Pairs there are, those that cannot happen included. */
  get pairs(): number {
    return STATES.length * INPUTS.length;
  }

  get missing(): readonly string[] {
    return STATES.flatMap((state) => INPUTS.map((input) => `${state} × ${input}`)).filter(
      (pair) => !this.#seen.has(pair),
    );
  }

  toJSON(): unknown {
    return { reached: this.reached, pairs: this.pairs, missing: this.missing };
  }
}

function stateName(state: State): (typeof STATES)[number] {
  switch (state.kind) {
    case "waking":
      return `waking ${state.step}`;
    case "stopping":
      return state.whose === "ours" ? "stopping ours" : `stopping foreign ${state.phase}`;
    default:
      return state.kind;
  }
}
