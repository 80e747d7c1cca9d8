/** An answer that should not have been. */
export interface Oddity {
  /** Wall ms. */
  readonly at: number;
  readonly kind: string;
  readonly why: string;
  /** It came too late, or not at all; all others are wrong whatever the machine did. */
  readonly late: boolean;
}

/** What came out of the visits: how many of each kind, and every answer that should not have been. */
export class Tally {
  readonly done: Record<string, number> = {};
  readonly oddities: Oddity[] = [];

  /** One visit of this kind ended as it should. */
  good(kind: string): void {
    this.done[kind] = (this.done[kind] ?? 0) + 1;
  }

  /** One visit of this kind ended in a way that nothing explains. */
  bad(kind: string, why: string): void {
    this.oddities.push({ at: Date.now(), kind, why, late: false });
  }

  /** One visit of this kind got no answer in time. */
  late(kind: string, why: string): void {
    this.oddities.push({ at: Date.now(), kind, why, late: true });
  }
}
