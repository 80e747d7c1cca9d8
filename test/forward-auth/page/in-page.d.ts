export interface Letters {
  readonly text: string;
  readonly color: string;
  readonly size: number;
  readonly weight: number;
  readonly box: readonly number[];
}

/** A text that does not stand out enough from what is behind it. */
export interface Faint {
  readonly text: string;
  readonly ratio: number;
  readonly wanted: number;
}

export function overflowing(): string[];
export function overlapping(): string[];
/** Every line of text in the window. */
export function letters(): Letters[];
/** Those below WCAG AA before the worst pixel of `picture`, a PNG in base64. */
export function measure(input: { picture: string; texts: readonly Letters[] }): Promise<Faint[]>;
/** Pairs of pictures (name, PNG in base64) of one size that hardly differ without colour. */
export function alike(pictures: readonly (readonly [name: string, picture: string])[]): Promise<string[]>;
