import { enlarge, faceAt, pieces, print, progressAt } from "../../../templates/live.js";
import type { Live, Words } from "../../../templates/live.js";
import type { PageOptions } from "../../config/model.ts";
import { messageOf, WakegateError } from "../../errors.ts";
import type { Progress } from "../../watchers/progress.ts";
import type { Copy } from "./copy.ts";
import { english } from "./copy.ts";
import { localPath } from "./faces.ts";
import type { ViewVoice } from "./model.ts";
import { viewOf } from "./model.ts";
import { plainOf } from "./plain.ts";
import { samples } from "./samples.ts";
import { loadTemplates } from "./templates.ts";
import type { Templates } from "./templates.ts";
import { wordsOf } from "./time.ts";
import type { Face, View } from "./view.ts";

/** All that one page needs. */
export interface PageInput {
  readonly progress: Progress;
  readonly options: PageOptions;
  /** Of the policy; fresh for each answer. */
  readonly nonce: string;
  /** Lets the page ask for the status of this target. Unset only for a page that stands still. */
  readonly token?: string;
  /** The page's own path and query. Anything else becomes `/`. */
  readonly url: string;
  /** Wall time in ms. */
  readonly now: number;
  /** Last event of the target at this moment; the first long poll waits for a newer one. */
  readonly since?: number | string;
  /** What the visitor reads best; decides the form of dates where it is the language of the words. */
  readonly lang?: string;
  readonly statusUrl?: string;
  /** Tried once; where it does not open, the page polls. */
  readonly eventsUrl?: string;
  readonly retryUrl?: string;
  /** Draws what the script shows when a ready app does not come through. For the gallery. */
  readonly mode?: "away" | "guard";
  /** There is no target to follow: a page without script, under a heading of the operator's. */
  readonly still?: { readonly heading: string };
}

export interface RenderedPage {
  readonly html: string;
  /** Value of the header `Content-Security-Policy`. */
  readonly csp: string;
}

export interface PageRenderer {
  /** Never fails on account of a user's template: the built-in one takes over, and the problem is told. */
  render(input: PageInput): RenderedPage;
}

export interface PageRendererOptions {
  /** A folder of the user's whose files replace built-in ones of the same name. */
  readonly templatesDir?: string;
  readonly copy?: Partial<Copy>;
  /** Language of the words. Default `en`. */
  readonly copyLang?: string;
  /** Told of each template that cannot be used, with file, line and cause. */
  readonly onProblem?: (error: WakegateError) => void;
}

/**
 * Compiles the templates once and tries the user's on every state before any visitor sees them.
 *
 * @throws WakegateError `template_invalid` when a built-in template is broken.
 */
export function createPageRenderer(options: PageRendererOptions = {}): PageRenderer {
  const problem = options.onProblem ?? (() => {});
  const voice = { copy: { ...english, ...options.copy }, lang: options.copyLang ?? "en" };
  const builtIn = loadTemplates();
  let templates = options.templatesDir === undefined ? builtIn : loadTemplates(options.templatesDir, problem);
  const draw = (input: PageInput): RenderedPage => {
    const csp = policy(input.nonce);
    if (templates === builtIn) return { html: document(templates, input, voice), csp };
    try {
      return { html: document(templates, input, voice), csp };
    } catch (error) {
      problem(
        error instanceof WakegateError
          ? error
          : new WakegateError("template_invalid", messageOf(error), { cause: error }),
      );
      templates = builtIn;
      return { html: document(templates, input, voice), csp };
    }
  };
  if (templates.overridden.length > 0) {
    for (const { progress, more } of samples(Date.now())) draw({ ...trial(progress), ...more });
  }
  return { render: draw };
}

function trial(progress: Progress): PageInput {
  const options = { details: true, logs: true, footer: true };
  return { progress, options, nonce: "trial", token: "", url: "/", now: progress.asOf };
}

/** @throws TypeError when the nonce could break out of the header or the attribute. */
function policy(nonce: string): string {
  if (!/^[A-Za-z0-9+/_=-]{4,}$/.test(nonce)) throw new TypeError("page: the nonce must be base64");
  return (
    `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; img-src data:; ` +
    "connect-src 'self'; form-action 'self'; base-uri 'none'"
  );
}

function document(templates: Templates, input: PageInput, voice: Required<ViewVoice>): string {
  const lang = voice.lang;
  const { copy } = voice;
  // "Mo 07:00" in an English sentence helps nobody.
  const same = input.lang?.split("-")[0]?.toLowerCase() === lang.split("-")[0];
  const words = wordsOf(copy, same ? (input.lang ?? lang) : lang);
  const { now } = input;
  const view = viewOf(input.progress, input.options, now, voice);
  const drawn = (input.mode && view[input.mode]) ?? faceAt(view.faces, 0);
  const face = input.still ? { ...drawn, ...input.still } : drawn;
  const text = (live: Live): string => print(live, 0, words, now);
  const url = localPath(input.url) ?? "/";
  const urls = {
    self: url,
    status: input.statusUrl ?? "/.wakegate/status",
    events: input.eventsUrl ?? "/.wakegate/events",
    retry: input.retryUrl ?? "/.wakegate/retry",
  };
  const estimated = view.etaMs !== undefined;
  const at = estimated ? (view.elapsedMs ?? 0) : 0;
  const shown = <T extends { readonly value: Live }>(item: T): T & { value: string; ticks: boolean } => ({
    ...item,
    value: text(item.value),
    ticks: typeof item.value !== "string",
  });
  const steps = view.steps.map((step) => ({ ...shown(step), parts: step.parts?.map(shown) }));
  return templates.draw({
    lang,
    nonce: input.nonce,
    css: templates.css,
    js: input.still ? "" : templates.js,
    url,
    retryAction: `${urls.retry}?token=${encodeURIComponent(input.token ?? "")}&return=${encodeURIComponent(url)}`,
    view,
    face,
    estimated,
    eta: view.etaMs ?? 10_000,
    at,
    sink: view.sinkMs ?? 10_000,
    sunk: view.sunkMs ?? 0,
    number: face.number === undefined ? "" : slot(text(face.number), face.words),
    caption: face.caption.map(text).filter((part) => part !== ""),
    lead: bold(text(face.lead)),
    bar: view.bar && {
      label: view.bar.label,
      text: view.bar.text.map(text).filter(Boolean).join(", "),
      now: tens(view),
    },
    steps,
    blankStep: { status: "todo", label: "", word: "", value: "", ticks: false },
    evidence: view.evidence && {
      ...view.evidence,
      rows: view.evidence.rows.map(([label, value]) => [label, text(value)]),
    },
    footer: input.options.footer ? copy["footer.name"] : "",
    ...plainParts(view, face, input, copy, words),
    data: json({
      view,
      token: input.token,
      since: input.since,
      mode: input.mode,
      target: input.progress.target,
      at,
      urls,
      words,
      copy: {
        asof: copy["caption.asof"],
        still: copy["say.still"],
        lost: copy["say.lost"],
        lostNote: copy["note.lost"],
        trying: copy["button.trying"],
      },
    }),
  });
}

function plainParts(
  view: View,
  face: Face,
  input: PageInput,
  copy: Copy,
  words: Words,
): Record<string, unknown> {
  const plain = plainOf(view, face, input.progress, input.now, copy, words);
  return {
    refresh: plain.refresh,
    plain: { ...plain, number: slot(plain.number, plain.words), lead: bold(plain.lead) },
  };
}

function tens(view: View): number | undefined {
  if (view.etaMs === undefined) return undefined;
  return Math.floor(progressAt(view.elapsedMs ?? 0, view.etaMs) * 10) * 10;
}

function slot(text: string, words = false): string {
  return bold(words ? text : enlarge(text));
}

/** `**` to bold, everything else escaped. */
function bold(text: string): string {
  return pieces(text)
    .map((piece, i) => (i % 2 === 0 ? escape(piece) : `<b>${escape(piece)}</b>`))
    .join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? "");
}

/** JSON that can stand inside a script element. */
function json(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
