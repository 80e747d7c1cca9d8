import type { JsonObject } from "../json.ts";
import type { LabelPart } from "../labels/parts.ts";
import type { LabelProvider } from "../provider-name.ts";
import { groupOf, kindOf, textsOf, type References } from "../references.ts";

/** Looks up what labels refer to. */
export interface Lookups {
  readonly middlewares: References;
  readonly services: References;
  /** The provider that reads the labels of a target, by name. */
  provider(target: string): LabelProvider;
}

/** A middleware for the document, or the part with a fault that it needs. */
export type OwnCopy = { readonly value: JsonObject } | { readonly broken: LabelPart };

/** Our own copy of a middleware of a target's labels, its references put right. */
export function ownCopy(target: string, part: LabelPart, lookups: Lookups, depth = 0): OwnCopy {
  if (part.faults.length > 0) return { broken: part };
  const kind = kindOf(part.value);
  const settings = groupOf(part.value[kind]);
  if (kind === "chain") {
    const names: string[] = [];
    for (const written of textsOf(settings["middlewares"])) {
      const found = lookups.middlewares.resolve(target, written);
      if ("broken" in found) return found;
      // A link of the chain may itself need something broken.
      if (found.part && found.owner !== undefined && depth < DEEPEST) {
        const inner = ownCopy(found.owner, found.part, lookups, depth + 1);
        if ("broken" in inner) return inner;
      }
      names.push(found.name);
    }
    return { value: { chain: { middlewares: names } } };
  }
  if (kind === "errors" && typeof settings["service"] === "string") {
    const service = lookups.services.resolve(target, settings["service"]);
    if ("broken" in service) return service;
    return { value: { errors: { ...settings, service: service.name } } };
  }
  return { value: part.value };
}

/** Where Wakegate's middleware goes: last, but before anything that tries the app again. */
export function placeInChain(target: string, chain: readonly string[], own: string, lookups: Lookups) {
  const names: string[] = [];
  let place: number | undefined;
  for (const written of chain) {
    const found = lookups.middlewares.resolve(target, written);
    if ("broken" in found) return found;
    if (found.part && found.owner !== undefined) {
      const copy = ownCopy(found.owner, found.part, lookups);
      if ("broken" in copy) return copy;
      if (kindOf(found.part.value) === "retry") place ??= names.length;
    }
    names.push(found.name);
  }
  place ??= names.length;
  return { names: [...names.slice(0, place), own, ...names.slice(place)] };
}

/** Chains may be nested, and by mistake in a ring. */
const DEEPEST = 8;
