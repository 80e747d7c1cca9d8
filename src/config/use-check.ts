import type { UseOptions } from "./model/use.ts";

/** What is wrong with the options of one target, by key. Pure. */
export function useProblems({ pauseAfterMs, stopAfterMs }: UseOptions): readonly {
  readonly key: "stop_after";
  readonly message: string;
}[] {
  if (stopAfterMs === undefined) return [];
  if (pauseAfterMs === undefined)
    return [{ key: "stop_after", message: "needs pause_after: with idle_timeout alone it is stopped then" }];
  if (stopAfterMs > pauseAfterMs) return [];
  return [
    {
      key: "stop_after",
      message: "expected longer than pause_after: both are counted from the last use",
    },
  ];
}
