/** A text of somebody else's as a sentence: a capital first, one mark at its end. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const end = /[.?!]$/.test(trimmed) ? "" : ".";
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${end}`;
}
