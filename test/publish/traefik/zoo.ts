import { isGroup, type FieldSpec, type FieldTable } from "../../../src/publish/traefik/labels/fields.ts";

/** One label for every field of a table, each with a value that Traefik takes. */
export function everyLabel(table: FieldTable, prefix: string): Record<string, string> {
  return Object.assign(
    {},
    ...Object.entries(table).map(([name, spec]) => labelsOf(spec, `${prefix}.${name}`)),
  ) as Record<string, string>;
}

function labelsOf(spec: FieldSpec, label: string): Record<string, string> {
  if (typeof spec !== "string") {
    if (!isGroup(spec)) return everyLabel(spec, label);
    return everyLabel(spec.fields, spec.many ? `${label}[0]` : label);
  }
  switch (spec.split("@")[0]) {
    case "bool":
      return { [label]: "true" };
    case "int":
      return { [label]: "7" };
    case "duration":
      return { [label]: "1m30s" };
    case "list":
      return { [label]: "a, b" };
    case "map":
      return { [`${label}.X-Some-Header`]: "some: value", [`${label}.X-None`]: "" };
    case "numbers":
      return { [`${label}.418`]: "404" };
    case "tree":
      return { [`${label}.some.deep[0].key`]: "x", [`${label}.some.flat`]: "y" };
    default:
      return { [label]: "text" };
  }
}
