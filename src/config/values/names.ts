import { bad, good, type Parsed } from "./parsed.ts";

/** Regular expression source of target and engine names. */
export const NAME_PATTERN = "^[a-z0-9][a-z0-9._-]*$";

/** Reads a target's or engine's name: `[a-z0-9][a-z0-9._-]*`, at most 128 characters. */
export function parseName(text: string): Parsed<string> {
  if (text.length <= 128 && /^[a-z0-9][a-z0-9._-]*$/.test(text)) return good(text);
  const mended = toName(text);
  const hint = mended === undefined || mended === text ? "" : `: write ${mended}`;
  return bad(`expected a name of lower-case letters, digits, dots, dashes and underscores${hint}`);
}

/** The nearest valid name: lower case, other characters as `-`. Undefined when nothing is left. */
export function toName(text: string): string | undefined {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+/, "")
    .slice(0, 128);
  return name === "" ? undefined : name;
}

/** Reads a container's name or id by the engine's own rule. */
export function parseContainerName(text: string): Parsed<string> {
  const written = text.trim().replace(/^\//, "");
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(written)) return good(written);
  return bad("expected a container's name as `docker ps` shows it");
}
