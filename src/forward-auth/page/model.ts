import type { Words } from "../../../templates/live.js";
import { inUnits } from "../../../templates/live.js";
import type { PageOptions } from "../../config/model.ts";
import type { Progress } from "../../watchers/progress.ts";
import type { Copy } from "./copy.ts";
import { english } from "./copy.ts";
import { evidenceOf } from "./evidence.ts";
import type { FaceContext } from "./faces.ts";
import {
  asleepFaces,
  failedFaces,
  missingFaces,
  readyFaces,
  roomFaces,
  stoppingFaces,
  wakingFaces,
} from "./faces.ts";
import { iconOf } from "./icons.ts";
import { gatesOf, sceneOf } from "./scene.ts";
import { sayOf } from "./say.ts";
import { stepViews } from "./steps.ts";
import { moment, sane, wordsOf } from "./time.ts";
import type { Bar, View } from "./view.ts";

/** How `viewOf` speaks. */
export interface ViewVoice {
  readonly copy?: Copy;
  readonly lang?: string;
}

/**
 * The page for a moment, as data. Pure. Nothing that `options` does not allow is in the result, whether or
 * not the progress was redacted before.
 */
export function viewOf(progress: Progress, options: PageOptions, now: number, voice: ViewVoice = {}): View {
  const copy = voice.copy ?? english;
  const words = wordsOf(copy, voice.lang ?? "en");
  const aged = age(progress, now);
  const name = aged.displayName.trim() || aged.target.trim() || copy["name.unknown"];
  const context: FaceContext = { progress: aged, name, now, copy, words, details: options.details };
  const { scene } = sceneOf(aged);
  const faces = facesOf(context);
  const evidence = options.details ? evidenceOf(context, options) : undefined;
  const say = sayOf(context);
  const knock = knockInMs(aged, now);
  return {
    scene,
    icon: iconOf(scene),
    ...faces,
    ...timesOf(aged),
    steps: stepViews(aged, options.details, copy, words),
    gates: gatesOf(aged),
    ...(evidence ? { evidence } : {}),
    ...(scene === "waking" || scene === "stopping" ? { bar: barOf(aged, name, copy, words) } : {}),
    ...(say.length === 0 ? {} : { say }),
    ...(aged.phase === "napping" && !aged.mayNotWake ? { idle: true } : {}),
    ...(scene === "closed" ? { slow: true } : {}),
    ...(knock === undefined ? {} : { knockInMs: knock }),
  };
}

function facesOf(context: FaceContext): Pick<View, "faces" | "away" | "guard"> {
  switch (context.progress.phase) {
    case "napping":
      return { faces: context.progress.mayNotWake ? asleepFaces(context) : wakingFaces(context) };
    case "room":
      return { faces: roomFaces(context) };
    case "dependencies":
    case "starting":
    case "probing":
      return { faces: wakingFaces(context) };
    case "stopping":
      return { faces: stoppingFaces(context) };
    case "ready":
      return readyFaces(context);
    case "error":
      return { faces: failedFaces(context) };
    case "missing":
      return { faces: missingFaces(context) };
  }
}

/** Progress made at `asOf`, moved on to `now`: only spans that are still running grow. */
function age(progress: Progress, now: number): Progress {
  const late = sane(now - progress.asOf) ?? 0;
  const elapsed = sane(progress.elapsedMs);
  const wakesInMs = sane(progress.stoppedOutside?.wakesInMs);
  const running =
    progress.phase === "stopping" ||
    progress.phase === "room" ||
    progress.phase === "dependencies" ||
    progress.phase === "starting" ||
    progress.phase === "probing";
  if (!running || late === 0) return progress;
  const grow = (ms: number | undefined): { ms?: number } => (ms === undefined ? {} : { ms: ms + late });
  return {
    ...progress,
    ...(elapsed === undefined ? {} : { elapsedMs: elapsed + late }),
    ...(wakesInMs === undefined ? {} : { stoppedOutside: { wakesInMs: Math.max(0, wakesInMs - late) } }),
    steps: progress.steps.map((step) => (step.status === "active" ? { ...step, ...grow(step.ms) } : step)),
    dependencies: progress.dependencies.map((part) =>
      part.status === "waking" ? { ...part, ...grow(part.ms) } : part,
    ),
  };
}

function timesOf(progress: Progress): Pick<View, "elapsedMs" | "etaMs" | "sinkMs" | "sunkMs"> {
  const elapsed = sane(progress.elapsedMs);
  const eta = sane(progress.etaMs);
  const sink = sane(progress.stopGraceMs);
  const sunk = sane(progress.steps.find(({ id }) => id === "stopping")?.ms);
  return {
    ...(elapsed === undefined ? {} : { elapsedMs: Math.round(elapsed) }),
    ...(elapsed === undefined || !eta ? {} : { etaMs: Math.max(1, Math.round(eta)) }),
    ...(progress.phase === "stopping" && sink
      ? { sinkMs: Math.round(sink), sunkMs: Math.round(sunk ?? 0) }
      : {}),
  };
}

/** When the page may ask for a wake itself: the end of a cool-down, of a schedule's night, or at once. */
function knockInMs(progress: Progress, now: number): number | undefined {
  if (progress.phase === "error" && !progress.failure?.final) {
    const at = moment(progress.failure?.nextTryAt);
    return at === undefined ? undefined : Math.max(0, Math.round(at - now));
  }
  if (progress.phase !== "napping") return undefined;
  const why = progress.mayNotWake;
  if (!why) return 0;
  const at = moment(why.kind === "schedule" ? why.opensAt : why.kind === "hold" ? why.until : undefined);
  return at === undefined ? undefined : Math.max(0, Math.round(at - now));
}

function barOf(progress: Progress, name: string, copy: Copy, words: Words): Bar {
  const elapsed = sane(progress.elapsedMs);
  const usually = sane(progress.usuallyMs);
  return {
    label: copy["title.waking"].replace("{name}", () => name),
    text: [
      ...(elapsed === undefined ? [] : [{ text: copy["bar.sofar"], ms: elapsed, spoken: true }]),
      ...(usually
        ? [
            copy["bar.usually"].replace("{time}", () =>
              inUnits(Math.max(1, Math.round(usually / 1000)), words.spoken),
            ),
          ]
        : []),
    ],
  };
}
