import type { TargetSpec } from "../config/model.ts";
import type { Gate, TargetHandle } from "../watchers/handle.ts";
import type { Explanation, StateWord } from "./answers.ts";
import type { Verdict, WaitReason } from "./decide.ts";

/** The gate's state in one word, as X-Wakegate and the status answer give it. */
export function stateWord(gate: Gate): StateWord {
  switch (gate.kind) {
    case "ready":
    case "missing":
      return gate.kind;
    case "asleep":
      return "napping";
    case "coming":
      return gate.state;
    case "failed":
      return "error";
  }
}

/** Words for a verdict that lets nobody through. The engine's own words only where details are allowed. */
export function explainVerdict(
  spec: TargetSpec,
  gate: Gate,
  verdict: Extract<Verdict, { kind: "page" | "wait" | "refuse" }>,
): Explanation {
  const name = spec.displayName;
  const state = stateWord(gate);
  if (verdict.kind === "refuse") {
    return { status: 403, state, code: "start_endpoint", title: `${name} wakes only from its start page.` };
  }
  const said = "message" in gate && spec.page.details && gate.message !== "" ? { detail: gate.message } : {};
  const { retryAfterS } = verdict;
  return {
    status: 503,
    state,
    code: verdict.reason,
    title: title(name, verdict.reason, gate),
    retryAfterS,
    ...said,
  };
}

function title(name: string, reason: WaitReason, gate: Gate): string {
  switch (reason) {
    case "waking":
      return `${name} is waking up.`;
    case "may_not_wake":
      return `${name} is asleep, and this request may not wake it.`;
    case "too_many_wakes":
      return `${name} is asleep, and too many wakes were asked for.`;
    case "failed":
      return `${name} failed to wake.`;
    case "missing":
      return gate.kind === "missing" && gate.why === "away"
        ? `The machine that ${name} runs on does not answer.`
        : `${name} does not exist on its machine.`;
    case "full":
      return `${name} is waking up, and too many requests wait for it already.`;
  }
}

/** It became ready, but this request cannot be sent on as it is. */
export function explainAwake({ spec, gate }: Pick<TargetHandle, "spec" | "gate">): Explanation {
  const title = `${spec.displayName} is awake now.`;
  return { status: 503, state: stateWord(gate), code: "ready", title, retryAfterS: 1 };
}

/** A target without a watcher: bad labels, or its engine was not heard yet. The reason is the operator's. */
export function explainUnavailable(name: string): Explanation {
  return {
    status: 503,
    state: "unavailable",
    code: "unavailable",
    title: `${name} is not available.`,
    detail: "Wakegate's log says why.",
    retryAfterS: 10,
  };
}

/** Wakegate itself goes down; its successor answers. */
export const SHUTTING_DOWN: Explanation = {
  status: 503,
  state: "shutdown",
  code: "shutting_down",
  title: "Wakegate is restarting.",
  retryAfterS: 2,
};

/** The target went away while the request was held for it. */
export function explainRemoved(name: string): Explanation {
  return {
    status: 503,
    state: "missing",
    code: "removed",
    title: `${name} is not available.`,
    retryAfterS: 5,
  };
}

export const UNKNOWN_HOST: Explanation = {
  status: 403,
  state: "unknown",
  code: "unknown_host",
  title: "No target has this host.",
};

export const AMBIGUOUS_PATH: Explanation = {
  status: 400,
  state: "refused",
  code: "ambiguous_path",
  title: "The path can be read in two ways that lead to two apps.",
};

export const UNTRUSTED_PEER: Explanation = {
  status: 403,
  state: "refused",
  code: "untrusted_peer",
  title: "Forwarded headers from this address are not trusted.",
  detail: "Add the proxy's address to trusted_proxies.",
};

/** The proxy sent no complete description of the request. */
export function explainMalformed(wrong: readonly string[]): Explanation {
  return {
    status: 400,
    state: "refused",
    code: "malformed_request",
    title: "The proxy's description of the request is not usable.",
    detail: `${wrong.join(". ")}.`,
  };
}

export const WRONG_ADDRESS: Explanation = {
  status: 404,
  state: "refused",
  code: "not_found",
  title: "Nothing is here.",
  detail:
    "Forward-auth requests belong to /api/authz/forward-auth, nginx auth_request to /api/authz/auth-request.",
};

/** The operator's path segment names a target that does not exist. */
export function explainNoSuchTarget(name: string): Explanation {
  return {
    status: 404,
    state: "unknown",
    code: "no_such_target",
    title: `There is no target named ${name}.`,
  };
}

/** Never meant to be seen. */
export const FAULT: Explanation = {
  status: 503,
  state: "unavailable",
  code: "internal_error",
  title: "Wakegate could not answer. Its log says why.",
  retryAfterS: 5,
};
