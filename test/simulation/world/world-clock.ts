import type { Clock } from "../../../src/lib/clock.ts";

interface Timer {
  readonly due: number;
  readonly order: number;
  call: (() => void) | undefined;
}

/** Real time goes on between two calls: a wait for what is left after rounding must end in this world too. */
const LEAST_MS = 0.001;

/** The time of the whole world. Stands still until the simulation takes the next step. A heap, because it is hot. */
export class WorldClock implements Clock {
  readonly #heap: Timer[] = [];
  #mono = 0;
  #wall = Date.UTC(2026, 0, 1);
  #order = 0;
  /** By how much the wall clock was set in all. */
  jumped = 0;

  now(): number {
    return this.#wall + this.#mono;
  }

  monotonic(): number {
    return this.#mono;
  }

  after(ms: number, call: () => void): Disposable {
    const timer: Timer = { due: this.#mono + Math.max(LEAST_MS, ms), order: this.#order++, call };
    this.#heap.push(timer);
    this.#up(this.#heap.length - 1);
    return { [Symbol.dispose]: () => void (timer.call = undefined) };
  }

  /** Sets the wall clock; durations do not notice. */
  jump(ms: number): void {
    this.#wall += ms;
    this.jumped += Math.abs(ms);
  }

  /** Goes to the next timer, up to `end`, and returns what it calls; undefined: nothing is due before. */
  next(end: number): (() => void) | undefined {
    for (let first = this.#heap[0]; first && first.due <= end; first = this.#heap[0]) {
      this.#pop();
      if (!first.call) continue;
      this.#mono = Math.max(this.#mono, first.due);
      return first.call;
    }
    this.#mono = Math.max(this.#mono, end);
    return undefined;
  }

  #up(start: number): void {
    const heap = this.#heap;
    for (let at = start; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfSooner(at, parent, heap)) return;
      at = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (heap.length === 0 || !last) return;
    heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const right = left + 1;
      if (left >= heap.length) return;
      const child = right < heap.length && sooner(heap[right], heap[left]) ? right : left;
      if (!this.#swapIfSooner(child, at, heap)) return;
      at = child;
    }
  }

  #swapIfSooner(below: number, above: number, heap: Timer[]): boolean {
    const [a, b] = [heap[below], heap[above]];
    if (!a || !b || !sooner(a, b)) return false;
    heap[below] = b;
    heap[above] = a;
    return true;
  }
}

function sooner(a: Timer | undefined, b: Timer | undefined): boolean {
  if (!a || !b) return false;
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
