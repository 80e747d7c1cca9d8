/** The forms in which an answer that is not the page can be given. */
export type AnswerForm = "html" | "json" | "plain";

/**
 * Picks by Accept (RFC 9110 section 12.5.1). Plain text where nothing of ours is named: `*`/`*` is what
 * tools send that a person reads.
 */
export function answerForm(accept: string | undefined): AnswerForm {
  if (accept === undefined || accept === "*/*") return "plain";
  let best: AnswerForm = "plain";
  let bestQ = 0;
  // A few hundred characters are enough for every real client; a longer list is somebody's joke.
  for (const range of accept.slice(0, 1000).split(",")) {
    const [type = "", ...parameters] = range.split(";");
    const form = FORMS.get(type.trim().toLowerCase());
    const q = quality(parameters);
    if (form !== undefined && q > bestQ) {
      best = form;
      bestQ = q;
    }
  }
  return best;
}

const FORMS: ReadonlyMap<string, AnswerForm> = new Map([
  ["text/html", "html"],
  ["application/xhtml+xml", "html"],
  ["application/json", "json"],
  ["application/problem+json", "json"],
  ["text/plain", "plain"],
]);

/** The weight of a media range (RFC 9110 section 12.4.2), from its parameters. */
export function quality(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const match = /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(parameter);
    if (match) return Number(match[1]);
  }
  return 1;
}
