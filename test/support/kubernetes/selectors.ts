import type { KubeObject } from "./kinds.ts";

/** Reads a label selector as the API takes it: `a=b,c!=d,e in (f,g),!h,i`. */
export function labelMatcher(text: string): (object: KubeObject) => boolean {
  const terms = text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== "");
  return ({ metadata: { labels = {} } }) => terms.every((term) => meets(term, labels));
}

function meets(term: string, labels: Readonly<Record<string, string>>): boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (set) {
    const [, key = "", operator, list = ""] = set;
    const value = labels[key];
    const within =
      value !== undefined &&
      list
        .split(",")
        .map((each) => each.trim())
        .includes(value);
    return operator === "in" ? within : !within;
  }
  if (term.startsWith("!")) return !Object.hasOwn(labels, term.slice(1));
  const [, key = "", operator, value = ""] = /^([^=!]+)(==?|!=)?(.*)$/.exec(term) ?? [];
  if (operator === undefined) return Object.hasOwn(labels, key);
  return operator === "!=" ? labels[key] !== value : labels[key] === value;
}

/** Reads a field selector; of fields only the name and the namespace are known, as for most kinds. */
export function fieldMatcher(text: string): (object: KubeObject) => boolean {
  const terms = text.split(",").map((term) => term.split(/==?/));
  return ({ metadata }) =>
    terms.every(([field, value]) =>
      field === "metadata.name" ? metadata.name === value : metadata.namespace === value,
    );
}
