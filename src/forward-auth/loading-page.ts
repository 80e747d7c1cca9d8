import { randomBytes } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";
import type { Clock } from "../lib/clock.ts";
import type { TargetHandle } from "../watchers/handle.ts";
import type { Progress } from "../watchers/progress.ts";
import { guardHeaders, type Answer, type StateWord } from "./answers.ts";
import type { EventIds } from "./event-ids.ts";
import { stateWord } from "./explanations.ts";
import type { PageRenderer } from "./page/render.ts";
import { redactProgress } from "./redact.ts";
import type { TokenClaims, TokenSigner } from "./tokens.ts";

/** What pages are made with. */
export interface PageParts {
  readonly renderer: PageRenderer;
  readonly tokens: TokenSigner;
  readonly clock: Clock;
  readonly ids: EventIds;
}

/** One loading page to be drawn. */
export interface PageAnswerRequest {
  readonly handle: TargetHandle;
  readonly status: 200 | 403 | 503;
  readonly claims: TokenClaims;
  /** The page's own address, on its own host. */
  readonly url: string;
  readonly acceptLanguage: string | undefined;
  readonly retryAfterS?: number;
}

/** Draws the loading page for this moment. */
export function pageAnswer(parts: PageParts, request: PageAnswerRequest): Answer {
  const { handle, claims } = request;
  const { page } = handle.spec;
  const shown = shownProgress(handle, claims);
  const { html, csp } = parts.renderer.render({
    progress: redactProgress(shown, page),
    options: page,
    nonce: randomBytes(16).toString("base64"),
    token: parts.tokens.issue(claims),
    since: parts.ids.format(handle.history().at(-1)?.id ?? 0),
    statusUrl: "/.wakegate/status",
    eventsUrl: "/.wakegate/events",
    retryUrl: "/.wakegate/retry",
    url: request.url,
    lang: language(request.acceptLanguage),
    now: parts.clock.now(),
  });
  return {
    status: request.status,
    headers: pageHeaders(
      stateWord(handle.gate),
      csp,
      request.status === 503 ? request.retryAfterS : undefined,
    ),
    body: html,
  };
}

/** Headers of a page that the renderer drew. */
export function pageHeaders(state: StateWord, csp: string, retryAfterS?: number): OutgoingHttpHeaders {
  return {
    ...guardHeaders(state, retryAfterS),
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": csp,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
  };
}

/** The first language a visitor names (RFC 9110 section 12.5.4), `en` where there is none to read. */
export function language(acceptLanguage: string | undefined): string {
  return /^\s*([a-z]{2,3}(?:-[a-z0-9]{2,8})*)/i.exec(acceptLanguage ?? "")?.[1] ?? "en";
}

/** Where the target stands for this visitor: to one who may not wake it, it sleeps until others have woken it. */
export function shownProgress(handle: TargetHandle, { mayNotWake }: TokenClaims): Progress {
  const progress = handle.progress();
  const { kind } = handle.gate;
  if (!mayNotWake || kind === "coming" || kind === "ready" || kind === "missing") return progress;
  const { failure: _failure, ...rest } = progress;
  return { ...rest, phase: "napping", steps: [], mayNotWake };
}
