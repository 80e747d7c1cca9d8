import { didYouMean } from "./suggest.ts";
import { parseHostPattern } from "./host-pattern.ts";
import { bad, good, type Parsed } from "./parsed.ts";

const WORDS = ["service", "project", "name"];

/**
 * Reads a host with placeholders: `{service}.example.com`; known are `{service}`, `{project}`, `{name}`, or the
 * given words; `any`: checked later, where they are known.
 */
export function parseHostTemplate(text: string, words: readonly string[] | "any" = WORDS): Parsed<string> {
  const written = text.trim();
  for (const [, word = ""] of written.matchAll(/\{([^}]*)\}/g)) {
    if (words !== "any" && !words.includes(word)) {
      return bad(
        `expected the placeholders {service}, {project} or {name}, not {${word}}${didYouMean(word, WORDS)}`,
      );
    }
  }
  const sample = parseHostPattern(written.replaceAll(/\{[a-z]+\}/g, "x"));
  return sample.ok
    ? good(written)
    : bad(`${sample.message}; placeholders {service}, {project} and {name} are filled in`);
}

/** The words between braces, in order. */
export function templateWords(template: string): readonly string[] {
  return [...template.matchAll(/\{([a-z]+)\}/g)].map(([, word = ""]) => word);
}

/** Fills a template; undefined when a value it needs is missing. Characters that hosts cannot have become `-`. */
export function fillHostTemplate(
  template: string,
  values: Readonly<Record<string, string | undefined>>,
): string | undefined {
  let complete = true;
  const host = template.replaceAll(/\{([a-z]+)\}/g, (_, word: string) => {
    const value =
      values[word]
        ?.toLowerCase()
        .replaceAll(/[^a-z0-9-]+/g, "-")
        .replaceAll(/^-+|-+$/g, "") ?? "";
    if (value === "") complete = false;
    return value;
  });
  return complete ? host : undefined;
}
