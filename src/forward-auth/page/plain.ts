import type { Words } from "../../../templates/live.js";
import { print } from "../../../templates/live.js";
import type { Progress } from "../../watchers/progress.ts";
import type { Copy } from "./copy.ts";
import { fill } from "./copy.ts";
import { finished, moment, sane } from "./time.ts";
import type { Face, View } from "./view.ts";

/** The page without script: it looks again by itself and shows nothing that ticks. */
export interface Plain {
  /** Seconds until the browser asks again. */
  readonly refresh: number;
  readonly lead: string;
  readonly number: string;
  readonly words: boolean;
  readonly caption: readonly string[];
  /** Text of the link that asks again. */
  readonly look: string;
  /** The face's own button works without script and stays. */
  readonly strong: boolean;
}

/** The words and the pace for a visitor without script. */
export function plainOf(
  view: View,
  face: Face,
  progress: Progress,
  now: number,
  copy: Copy,
  words: Words,
): Plain {
  const refresh = refreshSeconds(view, progress, now);
  const asOf = print({ text: copy["caption.asof"], at: now, as: "s" }, 0, words, now);
  const keep = {
    refresh,
    lead: print(face.lead, 0, words, now),
    number: "",
    words: false,
    caption: face.caption.filter((part): part is string => typeof part === "string"),
    look: copy["button.look"],
    strong: face.button !== undefined,
  };
  switch (view.scene) {
    case "waking":
    case "stopping": {
      const usually = sane(progress.usuallyMs);
      return {
        ...keep,
        lead:
          face.key === "waking" || face.key === "almost"
            ? fill(copy["lead.noscript"], { n: refresh })
            : keep.lead,
        ...(progress.phase === "room"
          ? { number: still(face, words, now), words: true }
          : { number: usually ? fill(copy["number.usually"], { time: finished(usually, words) }) : "" }),
        caption: [asOf],
      };
    }
    case "failed": {
      const next = moment(progress.failure?.nextTryAt);
      if (next === undefined) return keep;
      const as = progress.failure?.final ? "at" : "s";
      const text = as === "at" ? copy["number.retryAt"] : copy["number.retryClock"];
      return { ...keep, number: print({ text, at: next, as }, 0, words, now), words: true };
    }
    case "ready":
    case "closed":
    case "empty":
      return { ...keep, number: still(face, words, now), words: face.words ?? false };
  }
}

/** The number, unless it ticks. */
function still(face: Face, words: Words, now: number): string {
  const { number } = face;
  return number === undefined || (typeof number !== "string" && number.ms !== undefined)
    ? ""
    : print(number, 0, words, now);
}

function refreshSeconds(view: View, progress: Progress, now: number): number {
  switch (view.scene) {
    case "waking":
    case "stopping": {
      const left = (view.etaMs ?? 0) - (view.elapsedMs ?? 0);
      return Math.min(10, Math.max(2, Math.ceil(left / 1000)));
    }
    case "ready":
      return 2;
    case "failed": {
      const next = moment(progress.failure?.nextTryAt);
      return next === undefined ? 60 : Math.min(60, Math.max(2, Math.ceil((next - now) / 1000)));
    }
    case "closed":
    case "empty":
      return 60;
  }
}
