import { Emitter } from "../lib/emitter.ts";

/** Open loading pages. */
export class Followers {
  readonly changed = new Emitter<void>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** One more, until disposed. */
  add(): Disposable {
    this.#count++;
    this.changed.emit();
    let done = false;
    return {
      [Symbol.dispose]: () => {
        if (done) return;
        done = true;
        this.#count--;
      },
    };
  }
}
