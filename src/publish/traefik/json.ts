/** What a document is made of. */
export type Json = string | number | boolean | readonly Json[] | JsonObject;
/** Keys in any order; they are written sorted. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/**
 * Writes JSON with sorted keys, fit for Traefik's reader, which takes it for YAML: there a line separator
 * inside quotes would count as a line break.
 */
export function toText(value: Json): string {
  return `${JSON.stringify(sorted(value), null, 2).replace(BREAKS, escape)}\n`;
}

// oxlint-disable-next-line no-control-regex -- the very characters that YAML reads otherwise than JSON
const BREAKS = /[\u007f-\u009f\u2028\u2029\ufeff]/g;

function escape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted);
  if (typeof value !== "object") return value;
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1));
  // No prototype: a header may be called __proto__.
  return Object.assign(
    Object.create(null) as JsonObject,
    Object.fromEntries(entries.map(([k, v]) => [k, sorted(v)])),
  );
}

/** Without the keys that hold nothing: Traefik refuses a whole document for one empty group. */
export function withoutEmpty(groups: Readonly<Record<string, JsonObject>>): JsonObject {
  return Object.fromEntries(Object.entries(groups).filter(([, group]) => Object.keys(group).length > 0));
}
