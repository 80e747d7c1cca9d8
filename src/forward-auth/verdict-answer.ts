import type { TargetHandle } from "../watchers/handle.ts";
import { explain, guardHeaders, type Answer } from "./answers.ts";
import type { Verdict } from "./decide.ts";
import { explainAwake, explainVerdict, stateWord } from "./explanations.ts";
import { pageAnswer } from "./loading-page.ts";
import type { OwnParts } from "./own-handlers.ts";
import type { RequestFacts } from "./request-facts.ts";
import { sameHostUri } from "./request-path.ts";

/** The answer for a verdict on a target's own path that is not let through by it. Never 2xx. */
export function verdictAnswer(
  parts: OwnParts,
  publicUrl: string | undefined,
  facts: RequestFacts,
  handle: TargetHandle,
  verdict: Exclude<Verdict, { kind: "hold" }>,
): Answer {
  switch (verdict.kind) {
    case "pass":
      return again(facts, handle);
    case "own":
      throw new Error("own paths have their own handlers");
    case "wait":
      return explain(explainVerdict(handle.spec, handle.gate, verdict), facts);
    case "refuse":
      if (!facts.navigation || handle.spec.noLoadingPage) {
        return explain(explainVerdict(handle.spec, handle.gate, verdict), facts);
      }
      return page(parts, facts, handle, verdict);
    case "page":
      if (handle.spec.pageMode === "redirect" && publicUrl !== undefined) {
        return redirect(parts, publicUrl, facts, handle, verdict);
      }
      return page(parts, facts, handle, verdict);
  }
}

type Shown = Extract<Verdict, { kind: "page" | "refuse" }>;

function page(parts: OwnParts, facts: RequestFacts, handle: TargetHandle, verdict: Shown): Answer {
  const { mayNotWake } = verdict;
  return pageAnswer(parts, {
    handle,
    status: verdict.kind === "page" ? 503 : 403,
    claims: { target: handle.spec.name, mayWake: mayWake(verdict), ...(mayNotWake && { mayNotWake }) },
    url: sameHostUri(facts.uri),
    acceptLanguage: facts.acceptLanguage,
    ...(verdict.kind === "page" && { retryAfterS: verdict.retryAfterS }),
  });
}

/** Absolute, because Traefik makes a relative Location one of Wakegate's own host. */
function redirect(
  parts: OwnParts,
  publicUrl: string,
  facts: RequestFacts,
  handle: TargetHandle,
  verdict: Shown,
): Answer {
  const returnTo = `${facts.proto}://${facts.authority}${sameHostUri(facts.uri)}`;
  const { mayNotWake } = verdict;
  const claims = {
    target: handle.spec.name,
    mayWake: mayWake(verdict),
    returnTo,
    ...(mayNotWake && { mayNotWake }),
  };
  const token = parts.tokens.issue(claims);
  return {
    status: 302,
    headers: {
      ...guardHeaders(stateWord(handle.gate)),
      Location: `${publicUrl}/.wakegate/page?token=${token}`,
    },
    body: "",
  };
}

/** After a failure the visitor may press "Try now"; without permission to wake there is nothing to try. */
function mayWake(verdict: Shown): boolean {
  return verdict.kind === "page" && verdict.reason !== "may_not_wake" && verdict.reason !== "too_many_wakes";
}

/**
 * nginx asked for the answer to a 401, and in between the target became ready. 307 sends the client
 * through the door again with method and body as they were (RFC 9110 section 15.4.8); a preflight may not
 * be redirected.
 */
function again(facts: RequestFacts, handle: TargetHandle): Answer {
  const state = stateWord(handle.gate);
  if (facts.preflight || facts.grpc) {
    return explain(explainAwake(handle), facts);
  }
  return { status: 307, headers: { ...guardHeaders(state), Location: sameHostUri(facts.uri) }, body: "" };
}
