/** A label of another program, said in one of ours. */
export interface Rendering {
  /** Our label, `wakegate.` included. */
  readonly label: string;
  readonly value: string;
  /** The label that it was. Messages name this one. */
  readonly from: string;
}

/** What the labels of another program say. */
export interface Translation {
  readonly renderings: readonly Rendering[];
  /** Names of groups whose members wake together. */
  readonly groups: readonly string[];
  /** Labels that have no counterpart here, each with what to do. */
  readonly unread: readonly { readonly label: string; readonly message: string }[];
}

/** Reads the labels of one other program. Never throws: what cannot be read is handed on for our schema to refuse. */
export type Dialect = (labels: Readonly<Record<string, string>>) => Translation;

/** A container that the other program would leave alone. */
export const NOT_MEANT: Translation = { renderings: [], groups: [], unread: [] };
