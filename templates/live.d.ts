/** Text that changes with time alone. A plain string never changes. */
export type Live = string | LiveText;

export interface LiveText {
  /** `{}` is the amount, `{at}` the moment. */
  readonly text: string;
  /** The amount when the view was made, ms. */
  readonly ms?: number;
  /** Counts down instead of up. */
  readonly down?: boolean;
  /** Coarse, as an estimate deserves. */
  readonly rough?: boolean;
  /** Units in words, for assistive technology. */
  readonly spoken?: boolean;
  /** Instead of the text while the amount is below a second. */
  readonly zero?: string;
  /** Wall time in ms. */
  readonly at?: number;
  readonly as?: ClockForm;
  /** Gone so many ms after the view was made. */
  readonly until?: number;
}

/** `s` with seconds, `m` with the day when it is another, `at` and `since` as words around it. */
export type ClockForm = "s" | "m" | "at" | "since";

export type Units = readonly (string | readonly [one: string, many: string])[];

export interface Words {
  /** Days, hours, minutes, seconds. */
  readonly units: Units;
  readonly spoken: Units;
  readonly today: string;
  readonly yesterday: string;
  readonly locale: string;
}

export function progressAt(elapsed: number, eta: number): number;
export function inUnits(seconds: number, units: Units): string;
export function roughly(ms: number, units: Units): string;
export function clockText(at: number, as: ClockForm | undefined, now: number, words: Words): string;
export function print(live: Live, dt: number, words: Words, now: number): string;
export function faceAt<T extends { readonly after: number }>(faces: readonly T[], dt: number): T;
export function pieces(text: string): string[];
export function enlarge(text: string): string;
