import { bad, good, type Parsed } from "./parsed.ts";

/** A text with gaps: a star takes anything, `{word}` takes at least one character and keeps it under that word. */
export interface CapturePattern {
  readonly written: string;
  /** Literal texts before, between and after the gaps; one more than there are gaps. */
  readonly literals: readonly string[];
  /** For each gap its word; empty for a star. */
  readonly gaps: readonly string[];
}

/** Reads a pattern such as `pr-*` or `pr-{number}`. Two gaps need something between them, or none would know its end. */
export function parseCapturePattern(text: string): Parsed<CapturePattern> {
  const written = text.trim();
  if (written === "" || written.length > 256) return bad("expected a pattern of 1 to 256 characters");
  const parts = written.split(/(\*|\{[a-z]+\})/);
  const literals = parts.filter((_, index) => index % 2 === 0);
  const gaps = parts
    .filter((_, index) => index % 2 === 1)
    .map((gap) => (gap === "*" ? "" : gap.slice(1, -1)));
  if (literals.some((literal) => /[{}]/.test(literal)))
    return bad("expected {word} with a word of lower-case letters, such as pr-{number}");
  if (literals.slice(1, -1).includes("")) return bad("expected at least one character between two gaps");
  const words = gaps.filter((word) => word !== "");
  const twice = words.find((word, index) => words.indexOf(word) < index);
  if (twice !== undefined) return bad(`{${twice}} is there twice: give the second another word`);
  return good({ written, literals, gaps });
}

/**
 * What the words stand for in `value`; undefined: it does not match. Each gap ends at the first place where what
 * follows fits, the last one at the end, so the time grows with the length alone whatever is written.
 */
export function matchCapture(
  { literals, gaps }: CapturePattern,
  value: string,
): Readonly<Record<string, string>> | undefined {
  const first = literals[0] ?? "";
  if (gaps.length === 0) return value === first ? {} : undefined;
  if (!value.startsWith(first)) return undefined;
  const captured: Record<string, string> = {};
  let at = first.length;
  for (const [index, word] of gaps.entries()) {
    const literal = literals[index + 1] ?? "";
    const least = at + (word === "" ? 0 : 1);
    const isLast = index === gaps.length - 1;
    const end = isLast ? value.length - literal.length : value.indexOf(literal, least);
    if (end < least || !value.startsWith(literal, end)) return undefined;
    if (word !== "") captured[word] = value.slice(at, end);
    at = end + literal.length;
  }
  return captured;
}
