import * as z from "zod";
import { parseDuration, DURATION_PATTERN } from "../values/duration.ts";
import type { Parsed } from "../values/parsed.ts";

/** What the reference and the JSON Schema say of a key. `default` is what a reader would write. */
export interface KeyNotes {
  readonly description: string;
  /** The value that holds when the key is absent. */
  readonly default?: unknown;
  /** In words, where no single value says it. */
  readonly defaultText?: string;
  readonly examples?: readonly unknown[];
  /** Regular expression for editors. */
  readonly pattern?: string;
}

/** A schema with notes for the reference. */
export function noted<T extends z.ZodType>(schema: T, notes: KeyNotes): T {
  return schema.meta({ ...notes });
}

/** An optional key with notes: absent means "not said here", so that layers can be laid over each other. */
export function key<T extends z.ZodType>(schema: T, notes: KeyNotes): z.ZodExactOptional<T> {
  return z.exactOptional(noted(schema, notes));
}

interface TextOptions<T> {
  /** What is said of a value that is no text, after what was wanted. */
  readonly wrongType?: (input: unknown) => string;
  /** What checks of the keys around it find where the text is wrong. Default: nothing that they could use. */
  readonly leaves?: (text: string) => T;
}

/** A text that `parse` turns into a value; `wanted` is said of anything that is no text. */
export function text<T>(parse: (text: string) => Parsed<T>, wanted: string, options: TextOptions<T> = {}) {
  const { wrongType = defaultHint, leaves = () => z.NEVER } = options;
  return z
    .string({ error: (issue) => `expected ${wanted}${wrongType(issue.input)}` })
    .transform((written, context) => {
      const parsed = parse(written);
      if (parsed.ok) return parsed.value;
      context.issues.push({ code: "custom", message: parsed.message, input: written });
      return leaves(written);
    });
}

/** A duration in milliseconds. */
export function duration(options: { readonly positive?: boolean } = {}) {
  return text(
    (written) => {
      const parsed = parseDuration(written);
      if (parsed.ok && parsed.value === 0 && options.positive) {
        return { ok: false, message: "expected a duration above zero" };
      }
      return parsed;
    },
    "a duration such as 90s, 15m or 1h30m",
    { wrongType: unitHint },
  );
}

/** A duration, or `never` / `off`, which is null. */
export function durationOrNever() {
  return text<number | null>(
    (written) => {
      const word = written.trim().toLowerCase();
      if (word === "never" || word === "off") return { ok: true, value: null };
      const parsed = parseDuration(written);
      if (parsed.ok && parsed.value === 0) {
        return { ok: false, message: "expected a duration above zero: write never to keep it awake" };
      }
      return parsed;
    },
    "a duration such as 90s, 15m or 1h30m, or never",
    { wrongType: unitHint },
  );
}

/** For editors. */
export const durationNotes = { pattern: DURATION_PATTERN } as const;

/** A whole number within bounds. */
export function whole(min: number, max: number) {
  return z.int().min(min).max(max);
}

function unitHint(input: unknown): string {
  if (typeof input === "number") return `: give the number a unit, ${String(input)}s or ${String(input)}m`;
  if (input === false) return ": write never to switch it off";
  return defaultHint(input);
}

function defaultHint(input: unknown): string {
  if (Array.isArray(input)) return ", not a list";
  if (input === null) return ": the value is empty, write one or remove the key";
  if (typeof input === "object") return ", not a group of keys";
  if (typeof input === "number" || typeof input === "boolean")
    return `: put it in quotes, "${String(input)}"`;
  return "";
}
