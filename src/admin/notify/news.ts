import type { NewsEvent } from "../../config/model/notify.ts";
import type { Failure } from "../../watchers/progress.ts";
import { failureText } from "../facts/failure-text.ts";
import { spell } from "../text.ts";

/** One thing that somebody should know. */
export interface News {
  readonly event: NewsEvent | "test";
  /** `problem` needs somebody; `good` is over, or only a trial. */
  readonly tone: "problem" | "good";
  /** The same news again is told by this. */
  readonly key: string;
  readonly title: string;
  /** One to three sentences. */
  readonly message: string;
  readonly target?: string;
  readonly engine?: string;
  /** Wall ms. */
  readonly at: number;
}

/** Who it is about, and when. */
interface About {
  readonly name: string;
  readonly displayName: string;
  readonly at: number;
}

/** A wake failed; after too many in a row nothing is tried by itself any more. */
export function wakeNews({ name, displayName, at }: About, failure: Failure): News {
  const loop = failure.final === true;
  const why = failureText(failure);
  return {
    event: loop ? "crash_loop" : "wake_failed",
    tone: "problem",
    key: `${loop ? "crash_loop" : "wake_failed"} ${name}`,
    title: loop ? `${displayName} fails again and again` : `${displayName} failed to wake`,
    message: loop
      ? `${why}. ${failure.message} It failed ${String(failure.tries)} times in a row and is not retried automatically: the next visitor or Try now tries again.`
      : `${why}. ${failure.message}`,
    target: name,
    at,
  };
}

/** It was to sleep, and still runs. */
export function stopNews({ name, displayName, at }: About, tries: number, method: string): News {
  return {
    event: "stop_failed",
    tone: "problem",
    key: `stop_failed ${name}`,
    title: `${displayName} does not go to sleep`,
    message: `The engine was asked to ${method} it ${tries === 1 ? "once" : `${String(tries)} times`}, and it still runs. It is tried again.`,
    target: name,
    at,
  };
}

/** An engine does not answer, and has not for the grace. */
export function goneNews(engine: string, why: string, at: number): News {
  return {
    event: "engine_gone",
    tone: "problem",
    key: `engine_gone ${engine}`,
    title: `Engine ${engine} does not answer`,
    message: `${why}. What sleeps there cannot wake; what is awake stays so.`,
    engine,
    at,
  };
}

/** It answers again. */
export function backNews(engine: string, goneMs: number, at: number): News {
  return {
    event: "engine_back",
    tone: "good",
    key: `engine_back ${engine}`,
    title: `Engine ${engine} answers again`,
    message: `It was away for ${plain(spell(goneMs))}.`,
    engine,
    at,
  };
}

/** A target that could sleep has not for a week. */
export function sleeplessNews(
  { name, displayName, at }: About,
  days: number,
  holding: readonly string[],
): News {
  const why =
    holding.length === 0
      ? "Nothing holds it awake at the moment: something asks for it again and again."
      : `What keeps it awake: ${holding.join("; ")}.`;
  return {
    event: "never_slept",
    tone: "problem",
    key: `never_slept ${name}`,
    title: `${displayName} has not slept for ${String(days)} days`,
    message: `${why} wakegate why ${name} tells more.`,
    target: name,
    at,
  };
}

/** To see that messages arrive. */
export function trialNews(at: number): News {
  return {
    event: "test",
    tone: "good",
    key: "test",
    title: "Wakegate can reach you",
    message: "This is a trial message. Nothing is wrong.",
    at,
  };
}

/** Without the spaces that only a page wants. */
function plain(text: string): string {
  return text.replaceAll("\u00a0", " ");
}
