import type { TargetSpec } from "../config/model.ts";
import type { RequestFacts } from "./request-facts.ts";

/** What a request may do to its target beside being answered. */
export interface Intent {
  /** It may wake a sleeping target. */
  readonly wakes: boolean;
  /** It is use: passing it restarts the idle timer. */
  readonly counts: boolean;
  /** The rule that took something away, the strictest one. */
  readonly rule?: string;
}

/** A rule can only take away: `wake` takes waking and counting, `count` only counting. */
export interface IntentRule {
  readonly name: string;
  readonly takes: "wake" | "count";
  matches(facts: RequestFacts, spec: TargetSpec): boolean;
}

/** True whatever the configuration says. */
export const BUILT_IN_RULES: readonly IntentRule[] = [
  { name: "prefetch", takes: "wake", matches: (facts) => facts.prefetch },
  { name: "head", takes: "count", matches: (facts) => facts.method === "HEAD" },
  { name: "preflight", takes: "count", matches: (facts) => facts.preflight },
  { name: "service-worker", takes: "count", matches: (facts) => facts.serviceWorkerScript },
];

const FULL: Intent = { wakes: true, counts: true };

/** Asks every rule; the result never grants more than any single one of them. */
export function judgeIntent(
  facts: RequestFacts,
  spec: TargetSpec,
  rules: readonly IntentRule[] = BUILT_IN_RULES,
): Intent {
  let intent = FULL;
  for (const rule of rules) {
    if (!intent.wakes) break;
    if (rule.takes === "count" && !intent.counts) continue;
    if (rule.matches(facts, spec)) intent = { wakes: rule.takes !== "wake", counts: false, rule: rule.name };
  }
  return intent;
}
