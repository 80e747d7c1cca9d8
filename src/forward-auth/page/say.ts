import type { Live } from "../../../templates/live.js";
import { fill } from "./copy.ts";
import type { FaceContext } from "./faces.ts";
import { reasonText } from "./reasons.ts";
import { moment } from "./time.ts";

/** What assistive technology hears when this phase begins, in parts; empty: nothing. */
export function sayOf(context: FaceContext): Live[] {
  const { progress, name, now, copy, words } = context;
  switch (progress.phase) {
    case "room":
      return [fill(copy["say.room"], { name })];
    case "starting": {
      if (progress.waitsFor !== undefined) return [fill(copy["say.waits"], { name })];
      const first = progress.steps.find(({ id }) => id === "dependencies");
      return first?.status === "done"
        ? [copy["say.depsReady"], copy["say.starting"]]
        : [copy["say.starting"]];
    }
    case "probing":
      return [copy["say.probing"]];
    case "ready":
      return [fill(copy["say.ready"], { name })];
    case "error": {
      const reason = reasonText(progress.failure, context.details, copy, words);
      const text = fill(copy["say.failed"], { name, reason });
      const next = moment(progress.failure?.nextTryAt);
      if (next === undefined || progress.failure?.final) return [text];
      return [text, { text: copy["say.retry"], ms: Math.max(0, next - now), down: true, spoken: true }];
    }
    default:
      return [];
  }
}
