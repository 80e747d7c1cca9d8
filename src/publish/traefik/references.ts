import type { Warn } from "./input.ts";
import type { Json, JsonObject } from "./json.ts";
import type { LabelPart, LabelParts } from "./labels/parts.ts";
import type { Names } from "./names.ts";
import { isOfLabels, withProvider, type LabelProvider } from "./provider-name.ts";

/** One target's parts, by the target's name. */
export type PartsByTarget = ReadonlyMap<string, LabelParts>;

/** A reference as it stands in the document, or the part with the fault that it leads to. */
export type Resolved =
  | { readonly name: string; readonly part?: LabelPart; readonly owner?: string }
  | { readonly broken: LabelPart };

/** The names of one kind of parts in one document. */
export class References {
  readonly #kind: "services" | "middlewares";
  readonly #parts: PartsByTarget;
  readonly #names: Names;
  readonly #providerOf: (target: string) => LabelProvider;
  readonly #owners = new Map<string, Set<string>>();

  constructor(
    kind: "services" | "middlewares",
    parts: PartsByTarget,
    names: Names,
    provider: (target: string) => LabelProvider,
  ) {
    this.#providerOf = provider;
    this.#kind = kind;
    this.#parts = parts;
    this.#names = names;
    for (const [target, found] of parts) {
      for (const name of found[kind].keys()) {
        const owners = this.#owners.get(name);
        if (owners) owners.add(target);
        else this.#owners.set(name, new Set([target]));
      }
    }
  }

  /**
   * What a label of `target` means by `written`: its own part, else another target's, because Traefik's own
   * copy of that goes away while the other sleeps; all else is of the provider that reads its labels, or as written.
   */
  resolve(target: string, written: string): Resolved {
    const [plain = "", provider] = written.split("@");
    if (!isOfLabels(provider)) return { name: written };
    const key = plain.toLowerCase();
    const owners = this.#owners.get(key);
    const owner = owners?.has(target) ? target : owners?.values().next().value;
    const part = owner === undefined ? undefined : this.#parts.get(owner)?.[this.#kind].get(key);
    if (owner === undefined || !part) return { name: withProvider(written, this.#providerOf(target)) };
    if (part.faults.length > 0) return { broken: part };
    return { name: this.#names.of(owner, part.name), part, owner };
  }
}

/** The kind of a middleware: `forwardAuth`, `chain`. */
export function kindOf(value: JsonObject): string {
  return Object.keys(value)[0] ?? "";
}

/** The texts of a list. */
export function textsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value)
    ? (value as readonly Json[]).filter((item): item is string => typeof item === "string")
    : [];
}

/** The value as a group; an empty one for anything else. */
export function groupOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** Says what is wrong with a middleware that is left out. */
export function tellFaults(part: LabelPart, warn: Warn): void {
  for (const { label, value, message } of part.faults)
    warn(label, value, `the middleware ${part.name} is not published: ${message}`);
}
