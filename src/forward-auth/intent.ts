import { HEAD_RULE, type RequestRights } from "../config/model/rules.ts";
import type { RequestFacts } from "./request-facts.ts";

/** What a request may do to its target beside being answered. */
export interface Intent extends RequestRights {
  /** The rule that took something away: the one that took waking, else the first. */
  readonly rule?: string;
}

/** A rule can only take away: what it leaves is at most what the request had. */
export interface IntentRule extends RequestRights {
  readonly name: string;
  matches(facts: RequestFacts): boolean;
}

/** Dashboards and uptime checks. A rule of the configuration with this name and `wakes: true` cancels it. */
export const BARE_HEAD: IntentRule = {
  name: HEAD_RULE,
  wakes: false,
  counts: false,
  matches: (facts) => facts.bareHead,
};

/** True whatever the configuration says, `BARE_HEAD` excepted. */
export const BUILT_IN_RULES: readonly IntentRule[] = [
  { name: "prefetch", wakes: false, counts: false, matches: (facts) => facts.prefetch },
  { name: HEAD_RULE, wakes: true, counts: false, matches: (facts) => facts.method === "HEAD" },
  BARE_HEAD,
  { name: "preflight", wakes: true, counts: false, matches: (facts) => facts.preflight },
  { name: "service-worker", wakes: true, counts: false, matches: (facts) => facts.serviceWorkerScript },
];

const FULL: Intent = { wakes: true, counts: true };

/** Asks every rule. All that match take away, so the order of rules says nothing about what is left. */
export function judgeIntent(facts: RequestFacts, rules: readonly IntentRule[]): Intent {
  let intent = FULL;
  for (const rule of rules) {
    if (!takesFrom(intent, rule) || !rule.matches(facts)) continue;
    intent = restrict(intent, rule, rule.name);
    if (!intent.wakes && !intent.counts) break;
  }
  return intent;
}

/** What is left of an intent when somebody else takes away too. */
export function restrict(intent: Intent, left: RequestRights, name: string): Intent {
  if (!takesFrom(intent, left)) return intent;
  const takesWake = intent.wakes && !left.wakes;
  return {
    wakes: intent.wakes && left.wakes,
    counts: intent.counts && left.counts,
    rule: takesWake || intent.rule === undefined ? name : intent.rule,
  };
}

function takesFrom(intent: Intent, left: RequestRights): boolean {
  return (intent.wakes && !left.wakes) || (intent.counts && !left.counts);
}
