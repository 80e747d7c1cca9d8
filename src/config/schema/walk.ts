import * as z from "zod";

/** The schema below wrappers and transformations: what a writer has to give. */
export function inputOf(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional)
    return inputOf(schema.def.innerType);
  if (schema instanceof z.ZodPipe) return inputOf(schema.def.in);
  return schema;
}

/** Keys of a group, or undefined where the schema is none. */
export function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const inner = inputOf(schema);
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

/** The schema at a path of keys; undefined where there is none. Any key leads on in a map of names. */
export function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let here: z.core.$ZodType | undefined = schema;
  for (const part of path) {
    const inner: z.core.$ZodType | undefined = here && branchFor(inputOf(here), part);
    if (inner instanceof z.ZodObject) {
      const shape: Readonly<Record<string, z.core.$ZodType>> = inner.shape;
      here = typeof part === "string" && Object.hasOwn(shape, part) ? shape[part] : undefined;
    } else if (inner instanceof z.ZodRecord) here = inner.def.valueType;
    else if (inner instanceof z.ZodArray) here = inner.def.element;
    else return undefined;
  }
  return here;
}

/** Paths of all keys that hold a value, in the schema's order; maps of names are left out. */
export function leafPaths(schema: z.core.$ZodType, prefix: readonly string[] = []): (readonly string[])[] {
  const shape = shapeOf(schema);
  if (!shape) return inputOf(schema) instanceof z.ZodRecord ? [] : [prefix];
  return Object.entries(shape).flatMap(([name, child]) => leafPaths(child, [...prefix, name]));
}

/** As `leafPaths`, with `NAME` for the names of maps: what labels can be written. */
export function labelPaths(
  schema: z.core.$ZodType,
  prefix: readonly string[] = [],
): readonly (readonly string[])[] {
  const inner = inputOf(schema);
  if (inner instanceof z.ZodRecord) return labelPaths(inner.def.valueType, [...prefix, "NAME"]);
  const shape = shapeOf(schema);
  if (!shape) return [prefix];
  return Object.entries(shape).flatMap(([name, child]) => labelPaths(child, [...prefix, name]));
}

/** Turns a text from a label or variable into what the schema wants there, where that is plain to see. */
export function coerce(schema: z.core.$ZodType, written: string): unknown {
  const inner = inputOf(schema);
  const trimmed = written.trim();
  if (inner instanceof z.ZodBoolean) {
    const word = trimmed.toLowerCase();
    return word === "true" ? true : word === "false" ? false : written;
  }
  if (inner instanceof z.ZodNumber) return /^-?\d{1,15}$/.test(trimmed) ? Number(trimmed) : written;
  if (inner instanceof z.ZodArray) {
    const items = trimmed.split(/[\s,]+/).filter((item) => item !== "");
    return items.map((item) => coerce(inner.def.element, item));
  }
  return inner instanceof z.ZodEnum ? trimmed : written;
}

/** Groups that are there but empty (all their lines commented out) count as absent, or as `{}` under a name. */
export function dropEmptyGroups(schema: z.core.$ZodType, raw: unknown): unknown {
  const inner = inputOf(schema);
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return raw;
  const kept: [string, unknown][] = [];
  for (const [name, value] of Object.entries(raw)) {
    const child = schemaAt(inner, [name]);
    const group = child && inputOf(child);
    if (value === null && inner instanceof z.ZodRecord && group instanceof z.ZodObject) kept.push([name, {}]);
    if (value === null && (group instanceof z.ZodObject || group instanceof z.ZodRecord)) continue;
    kept.push([name, child ? dropEmptyGroups(child, value) : value]);
  }
  return Object.fromEntries(kept);
}

/** Of a union, the branch in which `part` is a key. */
function branchFor(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType {
  if (!(schema instanceof z.ZodUnion)) return schema;
  const branches = schema.def.options.map((option) => inputOf(option));
  const fits = (branch: z.core.$ZodType): boolean =>
    typeof part === "number" ? branch instanceof z.ZodArray : branch instanceof z.ZodObject;
  return branches.find((branch) => fits(branch)) ?? schema;
}
