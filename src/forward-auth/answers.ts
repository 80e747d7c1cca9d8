import { createHash } from "node:crypto";
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { answerForm } from "./accepts.ts";
import { escapeHtml } from "./escape-html.ts";

/** A complete answer of ours, never a pass. */
export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** What X-Wakegate says: the target's state, or why there is none. */
export type StateWord =
  | "napping"
  | "waking"
  | "starting"
  | "stopping"
  | "ready"
  | "error"
  | "missing"
  | "unavailable"
  | "unknown"
  | "refused"
  | "probe"
  | "shutdown";

/** Why a request is not let through, before it takes a form. */
export interface Explanation {
  readonly status: number;
  readonly state: StateWord;
  /** Stable word for programs: `waking`, `failed`, `untrusted_peer`. */
  readonly code: string;
  /** One sentence for people. */
  readonly title: string;
  readonly detail?: string;
  readonly retryAfterS?: number;
}

/** What of a request decides the form of an explanation. */
export interface Asker {
  readonly method: string;
  readonly accept: string | undefined;
  readonly grpc: boolean;
}

/** Headers of every answer that is not a pass: nobody may keep or index it. */
export function guardHeaders(state: StateWord, retryAfterS?: number): OutgoingHttpHeaders {
  return {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
    "X-Wakegate": state,
    ...(retryAfterS !== undefined && { "Retry-After": String(retryAfterS) }),
  };
}

/**
 * The explanation as problem document (RFC 9457), plain text or HTML. gRPC clients read the status alone:
 * 503 is UNAVAILABLE to them.
 */
export function explain(why: Explanation, asker: Asker): Answer {
  const headers = { ...guardHeaders(why.state, why.retryAfterS), Vary: "Accept" };
  const form = asker.grpc ? "plain" : answerForm(asker.accept);
  switch (form) {
    case "json":
      return {
        status: why.status,
        headers: { ...headers, "Content-Type": "application/problem+json; charset=utf-8" },
        body: problem(why),
      };
    case "html":
      return {
        status: why.status,
        headers: {
          ...headers,
          "Content-Type": "text/html; charset=utf-8",
          "Content-Security-Policy": PLAIN_PAGE_POLICY,
        },
        body: plainPage(why, asker.method),
      };
    case "plain":
      return {
        status: why.status,
        headers: { ...headers, "Content-Type": "text/plain; charset=utf-8" },
        body: `${sentences(why).join(" ")}\n`,
      };
  }
}

/** The loading page is; a sentence is not. */
const WORTH_PACKING_BYTES = 2_048;

/** Writes an answer. Content-Length is always there, also for HEAD, where node leaves the body out. */
export function send(res: ServerResponse, answer: Answer): void {
  if (res.headersSent || res.destroyed) return;
  const plain = Buffer.from(answer.body);
  const packed = plain.length > WORTH_PACKING_BYTES && takesGzip(res.req.headers["accept-encoding"]);
  const body = packed ? gzipSync(plain) : plain;
  const encoding = packed && { "Content-Encoding": "gzip", Vary: "Accept, Accept-Encoding" };
  res.writeHead(answer.status, { ...answer.headers, ...encoding, "Content-Length": body.length });
  res.end(body);
}

/** Whether the client, whose header the proxies pass on, takes gzip (RFC 9110 section 12.5.3). */
function takesGzip(header: string | string[] | undefined): boolean {
  return /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)/i.test(
    String(header ?? ""),
  );
}

function problem(why: Explanation): string {
  return JSON.stringify({
    type: `urn:wakegate:${why.code}`,
    title: why.title,
    status: why.status,
    ...(why.detail !== undefined && { detail: why.detail }),
    error: why.code,
    state: why.state,
    ...(why.retryAfterS !== undefined && { retryAfter: why.retryAfterS }),
  });
}

function sentences(why: Explanation): string[] {
  const again = why.retryAfterS === undefined ? [] : [`Try again in ${String(why.retryAfterS)} s.`];
  return [why.title, ...(why.detail === undefined ? [] : [why.detail]), ...again];
}

const STYLE =
  ":root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;margin:15vh auto;max-width:34rem;padding:0 1.5rem}";
const PLAIN_PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;

/** Never reloads by itself: a reload would send a form again, or lose it. */
function plainPage(why: Explanation, method: string): string {
  const safe = method === "GET" || method === "HEAD" || method === "OPTIONS";
  const lost = why.status === 503 && !safe;
  const again = why.retryAfterS === undefined ? "" : ` in ${String(why.retryAfterS)} s`;
  const what = lost
    ? `What you sent was not delivered. Go back and send it again${again}.`
    : `Try again${again}.`;
  const lines = [...(why.detail === undefined ? [] : [why.detail]), ...(why.status === 503 ? [what] : [])];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>${escapeHtml(why.title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(why.title)}</h1>${lines.map((line) => `<p>${escapeHtml(line)}</p>`).join("")}</main></body></html>
`;
}
