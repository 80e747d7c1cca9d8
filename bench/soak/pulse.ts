const EVERY_MS = 250;
/** A beat this late is no load of ours: other programs had the machine. */
const STALL_MS = 2_000;

/** Notices when this process got no time: then the service got none either, and its deadlines ran all the same. */
export class Pulse implements Disposable {
  /** Wall ms of the last stall's end; 0 for none yet. */
  stoodStillAt = 0;
  stalls = 0;
  #last = Date.now();
  readonly #timer = setInterval(() => this.#beat(), EVERY_MS);

  #beat(): void {
    const now = Date.now();
    if (now - this.#last > EVERY_MS + STALL_MS) {
      this.stoodStillAt = now;
      this.stalls += 1;
    }
    this.#last = now;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
