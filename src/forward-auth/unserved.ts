import type { DirectoryEntry } from "../watchers/handle.ts";
import { send } from "./answers.ts";
import type { Ask } from "./ask.ts";
import type { EndpointParts } from "./endpoint.ts";
import { explainNoSuchTarget, explainUnavailable, SHUTTING_DOWN, UNKNOWN_HOST } from "./explanations.ts";
import { goneAnswer } from "./gone.ts";
import { deny, tell } from "./refusals.ts";
import type { Lookup } from "./route-lookup.ts";

/** What the endpoint does itself. */
export interface UnservedWays {
  readonly find: (ask: Ask) => Lookup;
  /** Goes on with a request whose target was found after all. */
  readonly question: (ask: Ask, entry: DirectoryEntry) => void;
  /** Runs what takes time; a fault of it is answered. */
  readonly guard: (ask: Ask, work: Promise<void>) => void;
}

/**
 * Answers requests for hosts that nothing is served for: unknown ones, and those whose target is broken or gone.
 * Soon after the start they are held for a moment, unless they were `held already`.
 */
export function createUnserved(
  parts: EndpointParts,
  { find, question, guard }: UnservedWays,
): (ask: Ask, found: DirectoryEntry | "unknown", held?: "held already") => void {
  const { clock, directory, settling } = parts;

  /** An unknown host may yet turn out to be a sleeping target's, and one known from before to be ready. */
  const settleFirst = async (ask: Ask): Promise<void> => {
    using place = parts.holds.take("");
    // A proxy's patience counts from here, whatever is waited for.
    ask.heldSince = clock.monotonic();
    if (!place) return again(ask);
    const served = (): DirectoryEntry | undefined => {
      const found = find(ask);
      return typeof found === "object" && found.handle ? found : undefined;
    };
    const end = await settling.until(() => served() !== undefined, ask.res);
    if (end === "gone") return;
    if (end === "closing") return tell(ask, SHUTTING_DOWN);
    const found = served();
    if (found) return question(ask, found);
    again(ask);
  };

  const again = (ask: Ask): void => {
    const found = find(ask);
    answer(ask, typeof found === "object" ? found : "unknown");
  };

  const answer = (ask: Ask, found: DirectoryEntry | "unknown"): void => {
    if (found === "unknown") return unknown(ask);
    absent(ask, found);
  };

  /** Nothing is served for it: it is broken, or gone for good. */
  const absent = (ask: Ask, { name, gone }: DirectoryEntry): void => {
    if (gone === undefined) return tell(ask, explainUnavailable(name));
    if (!directory.settled) return tell(ask, explainUnavailable(ask.facts.host));
    if (ask.at.role === "permit") return deny(ask.res, "missing");
    send(ask.res, goneAnswer(parts, gone, ask.facts));
  };

  const unknown = (ask: Ask): void => {
    const { at, res } = ask;
    if (at.target !== undefined) return tell(ask, explainNoSuchTarget(at.target));
    if (at.role === "redirect") return tell(ask, { ...UNKNOWN_HOST, status: 404 });
    if (parts.settings().unknownHosts === "deny" || at.role === "answer") return tell(ask, UNKNOWN_HOST);
    if (at.role === "permit") res.statusCode = 204;
    res.end();
  };

  return (ask, found, held) => {
    if (held === undefined && settling.goesOn && ask.at.role !== "answer")
      return guard(ask, settleFirst(ask));
    answer(ask, found);
  };
}
