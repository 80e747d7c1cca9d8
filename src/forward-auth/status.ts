import type { ServerResponse } from "node:http";
import type { Clock } from "../lib/clock.ts";
import type { TargetHandle } from "../watchers/handle.ts";
import { guardHeaders, send, type Answer } from "./answers.ts";
import { eventsAfter, type EventIds } from "./event-ids.ts";
import { stateWord } from "./explanations.ts";
import { waitFor, type Closing, type Holds } from "./holds.ts";
import { publicEvent, redactProgress } from "./redact.ts";
import { shownProgress } from "./loading-page.ts";
import type { RouteLookup } from "./route-lookup.ts";
import type { TokenClaims, TokenSigner } from "./tokens.ts";
import { viewOf } from "./page/model.ts";

/** A long poll is answered at the latest after this, well below the 30 s of Traefik's forward-auth. */
export const LONG_POLL_MS = 20_000;

/** What the status answer is made from. */
export interface StatusParts {
  readonly clock: Clock;
  readonly tokens: TokenSigner;
  readonly ids: EventIds;
  readonly lookup: RouteLookup;
  readonly closing: Closing;
  /** Places for polls that wait, shared with the event streams. */
  readonly places: Holds;
}

/** One question: how does the target stand, once something came after `since`? */
export interface StatusQuery {
  readonly claims: TokenClaims;
  readonly since: string | null;
  readonly lang: string;
  /** 200 on the public listener; 503 in-band, where 200 would mean "let through". */
  readonly status: 200 | 503;
}

/** Answers at once when there is news, else when there is. Never wakes. */
export async function answerStatus(
  parts: StatusParts,
  handle: TargetHandle,
  query: StatusQuery,
  res: ServerResponse,
): Promise<void> {
  const { clock, closing, ids, lookup } = parts;
  const since = ids.parse(query.since);
  let now = handle;
  if (since !== undefined && eventsAfter(handle.history(), since).length === 0) {
    using place = parts.places.take(handle.spec.name);
    if (place) {
      using _following = query.claims.mayWake ? handle.follow() : undefined;
      const changes = [handle.changed, handle.events, lookup.changed];
      const end = await waitFor({ clock, ms: LONG_POLL_MS, changes, res, closing });
      if (end === "gone") return;
      now = lookup.byName(handle.spec.name)?.handle ?? handle;
    }
  }
  send(res, statusAnswer(parts, now, query, since));
}

function statusAnswer(
  { clock, tokens, ids }: StatusParts,
  handle: TargetHandle,
  { claims, lang, status }: StatusQuery,
  since: number | undefined,
): Answer {
  const { page } = handle.spec;
  const progress = redactProgress(shownProgress(handle, claims), page);
  const history = handle.history();
  const last = history.at(-1);
  const state = stateWord(handle.gate);
  const body = {
    state,
    events: eventsAfter(history, since).map((event) => ({
      id: ids.format(event.id),
      ...publicEvent(event, page.details, progress.failure),
    })),
    lastEventId: ids.format(last?.id ?? 0),
    etaMs: progress.etaMs,
    token: tokens.issue(claims),
    view: viewOf(progress, page, clock.now(), { lang }),
  };
  return {
    status,
    headers: { ...guardHeaders(state), "Content-Type": "application/json; charset=utf-8" },
    body: JSON.stringify(body),
  };
}
