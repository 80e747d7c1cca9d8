/** What a request may do to its target beside being answered. */
export interface RequestRights {
  /** It may wake a sleeping target. */
  readonly wakes: boolean;
  /** It is use: passing it restarts the idle timer. */
  readonly counts: boolean;
}

/** The name of the built-in rule for HEAD. A rule of this name without `match` cancels its part on waking. */
export const HEAD_RULE = "head";

/** What is left to the requests that match. */
export interface RuleSpec extends RequestRights {
  readonly name: string;
  readonly match: RuleMatch;
}

/** A request matches when each condition that is there is met, by one of its entries. */
export interface RuleMatch {
  readonly methods?: readonly string[];
  /** Globs on the path without its query. */
  readonly paths?: readonly string[];
  /** Globs, without regard to case. */
  readonly userAgents?: readonly string[];
  /** CIDR blocks. */
  readonly clients?: readonly string[];
  /** Globs by header name in lower case, without regard to case. Each has to be met. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Unset: no limit. */
export interface WakeRate {
  readonly perClient?: Rate;
  readonly perTarget?: Rate;
}

/** `count` times at once, and from then on one for each `perMs / count` ms that went by. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}
