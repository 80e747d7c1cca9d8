/**
 * What Traefik knows, as a table. A field's type, then `@` and the version it came with, if that is later
 * than 2.11; a group is a nested table. `list` is a list of texts, `map` any keys with texts, `numbers` any
 * keys with whole numbers, `tree` anything (settings of plugins).
 */
export type FieldTable = { readonly [name: string]: FieldSpec };
/** One field of a table. */
export type FieldSpec = `${FieldType}${"" | `@${number}.${number}`}` | FieldTable | FieldGroup;
/** How one value is read. */
export type FieldType = "text" | "bool" | "int" | "duration" | "list" | "map" | "numbers" | "tree";

/** A group with more to say than its fields. */
export interface FieldGroup {
  readonly fields: FieldTable;
  readonly since?: `${number}.${number}`;
  /** May be switched on by `true` alone, without any field. */
  readonly empty?: true;
  /** A list of such groups: `domains[0].main`. */
  readonly many?: true;
}

/** True for a group with notes, false for a bare table. */
export function isGroup(spec: FieldTable | FieldGroup): spec is FieldGroup {
  return "fields" in spec && typeof spec.fields === "object";
}
