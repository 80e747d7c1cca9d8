import type { TargetFacts } from "../facts/target-facts.ts";
import type { Range } from "./range.ts";

/** What every part of a page is drawn with. */
export interface ViewContext {
  readonly now: number;
  /** The viewer's time zone, once the page has told it. */
  readonly zone: string | undefined;
  readonly range: Range;
  /** False for a token that may only read: buttons are there, but say so. */
  readonly mayAct: boolean;
  /** Version of the style sheet and scripts, in their addresses. */
  readonly assets: string;
  /** How this Wakegate stands with others that share its store; absent where there are none. */
  readonly replicas?: string;
  /** Something needs a person: the tab's icon says so. */
  readonly failing: boolean;
}

/** A link within the dashboard. Names are safe in paths but for reserved characters. */
export function targetUrl({ name }: Pick<TargetFacts, "name">): string {
  return `/ui/target/${encodeURIComponent(name)}`;
}
