import type { TargetSpec } from "../config/model.ts";
import type { RequestRights } from "../config/model/rules.ts";
import type { Gate } from "../watchers/handle.ts";
import type { MayNotWake } from "../watchers/progress.ts";
import { judgeIntent, restrict, type IntentRule } from "./intent.ts";
import { isOwnPath } from "./own-path.ts";
import type { RequestFacts } from "./request-facts.ts";

/** Everything a verdict depends on. */
export interface DecideInput {
  readonly facts: RequestFacts;
  readonly spec: TargetSpec;
  readonly gate: Gate;
  /** Wall time in ms. */
  readonly now: number;
  /** How long this request has been held so far. Infinity: it may not be held (any more). */
  readonly heldMs: number;
  /** What past wakes teach, in ms. */
  readonly learned: { readonly usuallyMs?: number; readonly p90Ms?: number };
  /** False when every place for a held request is taken. */
  readonly mayHold: boolean;
  readonly rules: readonly IntentRule[];
  /** What is left to a request that is a poll or a check, and the name of what says so. */
  readonly standing?: { readonly rights: RequestRights; readonly rule: string } | undefined;
  /** How long this client has to wait until it may wake this target, in ms. 0: now. */
  readonly wakeInMs: number;
}

/** What becomes of a request. Only `pass` may be answered with 2xx. */
export type Verdict =
  | { readonly kind: "pass"; readonly counts: boolean }
  /** A path of ours: never the app's. */
  | { readonly kind: "own" }
  /** Keep it until something changes or `untilMs` of holding is over, then decide again. */
  | { readonly kind: "hold"; readonly untilMs: number; readonly wake: boolean }
  | {
      readonly kind: "page";
      readonly wake: boolean;
      readonly reason: WaitReason;
      readonly retryAfterS: number;
      readonly mayNotWake?: MayNotWake;
    }
  /** 503 now; the client may come again after `retryAfterS`. */
  | {
      readonly kind: "wait";
      readonly wake: boolean;
      readonly reason: WaitReason;
      readonly retryAfterS: number;
    }
  | { readonly kind: "refuse"; readonly status: 403; readonly mayNotWake: MayNotWake };

/** Why a request is not let through now. */
export type WaitReason = "waking" | "may_not_wake" | "too_many_wakes" | "failed" | "missing" | "full";

/** With wakes this quick no page is shown at once: it would only flash. */
const QUICK_WAKE_MS = 1000;
const QUICK_PAGE_AFTER_MS = 1200;
/** Retry-After where nothing better is known. */
const UNKNOWN_WAKE_MS = 5000;
const MISSING_MS = 30_000;
const MAY_NOT_WAKE_MS = 60_000;
/** A client that is told "in nine hours" has gone by then; it may as well look again. */
const LONGEST_RETRY_S = 3600;

const PASS_COUNTED: Verdict = { kind: "pass", counts: true };
const PASS_UNCOUNTED: Verdict = { kind: "pass", counts: false };
const OWN: Verdict = { kind: "own" };

/** The verdict on one request at one moment. Pure; the questions come in a fixed order. */
export function decide(input: DecideInput): Verdict {
  const { facts, spec, gate, now, standing } = input;
  if (isOwnPath(facts.path)) return OWN;
  const judged = judgeIntent(facts, input.rules);
  const intent = standing ? restrict(judged, standing.rights, standing.rule) : judged;
  if (gate.kind === "ready") return intent.counts ? PASS_COUNTED : PASS_UNCOUNTED;
  if (!intent.wakes) {
    const mayNotWake: MayNotWake = { kind: "rule", rule: intent.rule ?? "rule" };
    return turnAway(input, "may_not_wake", mayNotWakeMs(mayNotWake, now), mayNotWake);
  }
  if (gate.kind === "missing") return turnAway(input, "missing", MISSING_MS);
  if (gate.kind === "asleep" && gate.mayNotWake) {
    return turnAway(input, "may_not_wake", mayNotWakeMs(gate.mayNotWake, now), gate.mayNotWake);
  }
  if (
    gate.kind !== "coming" &&
    spec.startEndpoint !== undefined &&
    !samePath(facts.path, spec.startEndpoint)
  ) {
    return { kind: "refuse", status: 403, mayNotWake: { kind: "start_endpoint", path: spec.startEndpoint } };
  }
  if (gate.kind === "failed" && now < gate.until) return turnAway(input, "failed", gate.until - now);
  if (gate.kind === "asleep" && input.wakeInMs > 0) {
    return turnAway(input, "too_many_wakes", input.wakeInMs, { kind: "rule", rule: "wake_rate" });
  }
  return holdOrTell(input);
}

/** Nothing wakes it for this request: an answer at once. */
function turnAway(input: DecideInput, reason: WaitReason, afterMs: number, mayNotWake?: MayNotWake): Verdict {
  const retryAfterS = seconds(afterMs);
  return showsPage(input)
    ? { kind: "page", wake: false, reason, retryAfterS, ...(mayNotWake && { mayNotWake }) }
    : { kind: "wait", wake: false, reason, retryAfterS };
}

/** It is waking for this request, or about to. */
function holdOrTell(input: DecideInput): Verdict {
  const { heldMs, spec, learned, mayHold } = input;
  const page = showsPage(input);
  const untilMs = page ? Math.min(pageAfterMs(spec, learned.p90Ms), spec.holdTimeoutMs) : spec.holdTimeoutMs;
  if (mayHold && heldMs < untilMs) return { kind: "hold", untilMs, wake: true };
  const sinceMs = Number.isFinite(heldMs) ? heldMs : 0;
  const retryAfterS = seconds((learned.usuallyMs ?? UNKNOWN_WAKE_MS) - sinceMs);
  if (page) return { kind: "page", wake: true, reason: "waking", retryAfterS };
  return { kind: "wait", wake: true, reason: mayHold ? "waking" : "full", retryAfterS };
}

function showsPage({ facts, spec }: DecideInput): boolean {
  return facts.navigation && !spec.noLoadingPage;
}

function pageAfterMs(spec: TargetSpec, p90Ms: number | undefined): number {
  return spec.pageAfterMs ?? (p90Ms !== undefined && p90Ms < QUICK_WAKE_MS ? QUICK_PAGE_AFTER_MS : 0);
}

function mayNotWakeMs(why: MayNotWake, now: number): number {
  if (why.kind === "schedule" && why.opensAt !== undefined) return why.opensAt - now;
  if (why.kind === "hold" && why.until !== undefined) return why.until - now;
  return MAY_NOT_WAKE_MS;
}

/** Whole seconds, at least one (RFC 9110 section 10.2.3 knows no fractions). */
function seconds(ms: number): number {
  return Math.min(LONGEST_RETRY_S, Math.max(1, Math.ceil(ms / 1000)));
}

function samePath(path: string, other: string): boolean {
  return path === other || path === `${other}/` || `${path}/` === other;
}
