import { randomBytes } from "node:crypto";
import type { GoneNotice } from "../config/model/discover.ts";
import type { Clock } from "../lib/clock.ts";
import { explain, type Answer, type Explanation } from "./answers.ts";
import { language, pageHeaders } from "./loading-page.ts";
import type { PageRenderer } from "./page/render.ts";
import type { RequestFacts } from "./request-facts.ts";
import { sameHostUri } from "./request-path.ts";

/** What the page is drawn with. */
export interface GoneParts {
  readonly renderer: PageRenderer;
  readonly clock: Clock;
}

/**
 * The answer at a host of a `discover` rule that no container has (any more): 410, with the operator's sentence. A
 * browser gets it as a page of the same looks as the loading page, but one that follows nothing.
 */
export function goneAnswer({ renderer, clock }: GoneParts, notice: GoneNotice, facts: RequestFacts): Answer {
  const host = facts.host.replace(/\..*$/, "");
  const title = notice.text.replaceAll("{host}", host);
  if (!facts.navigation) return explain({ ...GONE, title }, facts);
  const now = clock.now();
  const nonce = randomBytes(16).toString("base64");
  const { html, csp } = renderer.render({
    progress: { target: host, displayName: host, phase: "missing", asOf: now, steps: [], dependencies: [] },
    options: { details: false, logs: false, footer: notice.footer },
    nonce,
    url: sameHostUri(facts.uri),
    // As a heading it has no full stop.
    still: { heading: title.replace(/\.$/, "") },
    lang: language(facts.acceptLanguage),
    now,
  });
  return { status: GONE.status, headers: pageHeaders(GONE.state, csp), body: html };
}

const GONE = { status: 410, state: "missing", code: "gone" } as const satisfies Partial<Explanation>;
