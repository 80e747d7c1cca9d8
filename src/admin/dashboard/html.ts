import { escapeHtml } from "../../forward-auth/escape-html.ts";

declare const safe: unique symbol;

/** Text that is HTML already. Only {@link html} and {@link raw} make it. */
export type Html = { readonly text: string; readonly [safe]: true };

/** What may stand in a template: text is escaped, HTML is not, lists are joined, nothing is nothing. */
export type Part = string | number | Html | undefined | false | readonly Part[];

/** HTML from a template literal; everything that is put in is escaped unless it is HTML itself. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return raw(strings.reduce((text, piece, i) => text + piece + (i < parts.length ? put(parts[i]) : ""), ""));
}

/** Text that is known to be HTML: our own drawings. */
export function raw(text: string): Html {
  return { text } as Html;
}

function put(part: Part): string {
  if (part === undefined || part === false) return "";
  if (typeof part === "string") return escapeHtml(part);
  if (typeof part === "number") return String(part);
  if (isList(part)) return part.map(put).join("");
  return part.text;
}

function isList(part: Html | readonly Part[]): part is readonly Part[] {
  return Array.isArray(part);
}
