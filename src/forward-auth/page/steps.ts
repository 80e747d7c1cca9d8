import type { Live, Words } from "../../../templates/live.js";
import type { DependencyProgress, Progress, Step } from "../../watchers/progress.ts";
import type { Copy } from "./copy.ts";
import { fill } from "./copy.ts";
import { finished, limit, sane } from "./time.ts";
import type { PartView, StepView } from "./view.ts";

/** The steps that apply, in a visitor's words; the names of dependencies only where details are allowed. */
export function stepViews(progress: Progress, details: boolean, copy: Copy, words: Words): StepView[] {
  return progress.steps.map((step) => {
    const parts =
      step.id === "dependencies" && details && (step.status === "active" || step.status === "failed")
        ? progress.dependencies
        : [];
    return {
      id: step.id,
      status: step.status,
      label: step.status === "active" ? copy[`step.${step.id}.active`] : copy[`step.${step.id}`],
      word: copy[`step.word.${step.status}`],
      value: stepValue(step, progress, copy, words),
      ...(parts.length > 0 ? { parts: parts.map((dependency) => partView(dependency, copy, words)) } : {}),
    };
  });
}

function stepValue(step: Step, progress: Progress, copy: Copy, words: Words): Live {
  const ms = sane(step.ms);
  switch (step.status) {
    case "todo":
      return "";
    case "active":
      if (step.id === "dependencies") return countText(step, copy);
      if (step.id === "room" && (sane(progress.room?.before) ?? 0) >= 1)
        return fill(copy["step.before"], { n: Math.trunc(progress.room?.before ?? 0) });
      return ms === undefined ? "" : { text: "{}", ms };
    case "done":
      return ms === undefined ? "" : finished(ms, words);
    case "failed":
      return failedValue(step, ms, progress, copy, words);
  }
}

function countText(step: Step, copy: Copy): string {
  const { done, of } = step;
  if (done === undefined || of === undefined || !(of > 0) || !(done >= 0) || done > of) return "";
  return fill(copy["step.of"], { done, of });
}

function failedValue(
  step: Step,
  ms: number | undefined,
  progress: Progress,
  copy: Copy,
  words: Words,
): string {
  const reason = progress.failure?.reason;
  const stopped = reason === "exited" || reason === "out_of_memory";
  switch (step.id) {
    case "stopping":
      return copy["step.slow"];
    case "room":
      return ms === undefined
        ? copy["step.word.failed"]
        : fill(copy["step.none"], { time: finished(ms, words) });
    case "dependencies": {
      const n = progress.dependencies.filter((dependency) => dependency.status === "failed").length;
      return fill(copy["step.unwoken"], { n: Math.max(1, n) });
    }
    case "starting":
      return stopped && ms !== undefined
        ? fill(copy["step.stopped"], { time: finished(ms, words) })
        : copy["step.word.failed"];
    case "probing": {
      if (stopped && ms !== undefined) return fill(copy["step.stoppedAt"], { time: finished(ms, words) });
      const within = sane(progress.failure?.withinMs) ?? ms;
      return within === undefined
        ? copy["step.word.failed"]
        : fill(copy["step.none"], { time: limit(within, words) });
    }
  }
}

function partView(dependency: DependencyProgress, copy: Copy, words: Words): PartView {
  return {
    name: dependency.displayName || dependency.name,
    status: dependency.status,
    value: partValue(dependency, sane(dependency.ms), copy, words),
  };
}

function partValue(dependency: DependencyProgress, ms: number | undefined, copy: Copy, words: Words): Live {
  switch (dependency.status) {
    case "waiting":
      return copy["dependency.waiting"];
    case "waking":
      return ms === undefined ? "" : { text: "{}", ms };
    case "ready":
      return ms === undefined
        ? copy["dependency.awake"]
        : fill(copy["dependency.ready"], { time: finished(ms, words) });
    case "failed":
      return copy["dependency.failed"];
  }
}
