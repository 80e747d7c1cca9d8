import type { Live, Words } from "../../../templates/live.js";
import type { Progress } from "../../watchers/progress.ts";
import { portsText } from "../../watchers/readiness/silent-port.ts";
import type { Copy } from "./copy.ts";
import { fill } from "./copy.ts";
import { reasonText } from "./reasons.ts";
import { finished, limit, moment, overdueAfter, sane } from "./time.ts";
import type { Button, Face, View } from "./view.ts";

/** Everything a face is made from. */
export interface FaceContext {
  readonly progress: Progress;
  readonly name: string;
  readonly now: number;
  readonly copy: Copy;
  readonly words: Words;
  readonly details: boolean;
}

/** Waking: the estimate, then "almost there", then "longer than usual"; what keeps it from answering comes first. */
export function wakingFaces(context: FaceContext): Face[] {
  const { silentPorts } = context.progress;
  if (!silentPorts) return facesInTime(context);
  const { copy, details } = context;
  const lead =
    details && silentPorts.length > 0
      ? fill(copy["lead.silentPortNamed"], { port: portsText(silentPorts) })
      : copy["lead.silentPort"];
  return facesInTime(context).map((face) => ({ ...face, lead }));
}

function facesInTime(context: FaceContext): Face[] {
  const { progress, name, copy, words } = context;
  if (progress.waitsFor !== undefined) return [waitingFace(context, progress.waitsFor)];
  const elapsed = sane(progress.elapsedMs);
  const eta = sane(progress.etaMs) || undefined;
  const sofar = elapsed === undefined ? undefined : { text: copy["number.sofar"], ms: elapsed };
  const normal: Face = {
    ...named(context, "waking", "waking"),
    after: 0,
    lead: copy["lead.waking"],
    caption: [...sofarCaption(context), ...usually(context)],
  };
  if (elapsed === undefined) return [normal];
  if (eta === undefined) {
    const first = sane(progress.usuallyMs) ? usually(context) : [copy["caption.first"]];
    return [{ ...normal, number: { text: copy["number.sofar"], ms: elapsed }, caption: first }];
  }
  const left = eta - elapsed;
  const soon = { number: copy["number.soon"], words: true };
  const slowest = sane(progress.slowestMs);
  const deadline = sane(progress.deadlineMs);
  return [
    { ...normal, ...(eta < 3_000 ? soon : { number: about(left, copy) }) },
    {
      ...normal,
      ...soon,
      key: "almost",
      after: left - 1_000,
      heading: fill(copy["heading.almost"], { name }),
    },
    {
      ...normal,
      key: "overdue",
      after: overdueAfter(eta) - elapsed,
      heading: fill(copy["heading.overdue"], { name }),
      lead: deadline
        ? `${copy["lead.overdue"]} ${fill(copy["lead.deadline"], { deadline: limit(deadline, words) })}`
        : copy["lead.overdue"],
      ...(sofar ? { number: sofar } : {}),
      caption: [
        ...usually(context),
        ...(slowest
          ? [
              {
                text: fill(copy["caption.slowest"], { time: finished(slowest, words) }),
                until: slowest - elapsed,
              },
            ]
          : []),
      ],
      say: fill(copy["say.overdue"], { name }),
    },
  ];
}

/** Something on its machine has to end first, a backup for example. How long that takes is not known. */
function waitingFace(context: FaceContext, why: string): Face {
  const { progress, copy, details } = context;
  const elapsed = sane(progress.elapsedMs);
  const shown = details ? why.trim() : "";
  return {
    ...named(context, "waking", "waits"),
    after: 0,
    lead: shown === "" ? copy["lead.waits"] : fill(copy["lead.waitsFor"], { why: shown.replace(/\.$/, "") }),
    ...(elapsed === undefined ? {} : { number: { text: copy["number.sofar"], ms: elapsed } }),
    caption: usually(context),
  };
}

/** It was going to sleep when somebody came. */
export function stoppingFaces(context: FaceContext): Face[] {
  const { progress, copy, words } = context;
  const elapsed = sane(progress.elapsedMs);
  const eta = sane(progress.etaMs) || undefined;
  const grace = sane(progress.stopGraceMs);
  const outside = progress.stoppedOutside;
  const stop =
    grace && outside?.wakesInMs === undefined
      ? [fill(copy["caption.stop"], { time: limit(grace, words) })]
      : [];
  const face: Face = {
    ...named(context, "waking", outside ? "stoppedOutside" : "stopping"),
    after: 0,
    lead: stoppingLead(context),
    caption: [...sofarCaption(context), ...stop],
  };
  if (elapsed === undefined) return [face];
  const counting = { number: { text: copy["number.sofar"], ms: elapsed }, caption: stop };
  if (eta === undefined) return [{ ...face, ...counting }];
  return [
    { ...face, number: about(eta - elapsed, copy) },
    { ...face, number: copy["number.soon"], words: true, after: eta - elapsed - 1_000 },
    { ...face, ...counting, after: overdueAfter(eta) - elapsed },
  ];
}

function stoppingLead({ progress: { stoppedOutside }, copy }: FaceContext): Live {
  if (!stoppedOutside) return copy["lead.stopping"];
  const left = sane(stoppedOutside.wakesInMs);
  if (left === undefined) return copy["lead.stoppingOutside"];
  return { text: copy["lead.stoppedOutside"], ms: left, down: true, zero: copy["lead.stoppedOutsideNow"] };
}

/** Others have to make room for it first: its place among those who wait, and about how long. */
export function roomFaces(context: FaceContext): Face[] {
  const { progress, copy } = context;
  const before = Math.trunc(sane(progress.room?.before) ?? -1);
  const place =
    before < 0 ? undefined : before === 0 ? copy["number.next"] : fill(copy["number.before"], { n: before });
  const face: Face = {
    ...named(context, "waking", "room"),
    after: 0,
    lead: copy["lead.room"],
    ...(place === undefined ? {} : { number: place, words: true }),
    caption: [...sofarCaption(context), ...usually(context)],
  };
  const elapsed = sane(progress.elapsedMs);
  const eta = sane(progress.etaMs) || undefined;
  if (elapsed === undefined || eta === undefined || eta <= elapsed) return [face];
  const caption = [...(place === undefined ? [] : [place]), ...sofarCaption(context)];
  return [
    { ...face, number: about(eta - elapsed, copy), words: false, caption },
    { ...face, after: eta - elapsed },
  ];
}

/** It answers: the page checks its own address and goes there. */
export function readyFaces(context: FaceContext): Pick<View, "faces" | "away" | "guard"> {
  const { progress, name, copy, words } = context;
  const took = sane(progress.tookMs) ?? sane(progress.elapsedMs);
  const number = took === undefined ? {} : { number: finished(took, words) };
  const open: Button = { text: copy["button.open"], kind: "reload" };
  const face: Face = {
    ...named(context, "ready", "ready"),
    after: 0,
    lead: copy["lead.ready"],
    ...number,
    caption: usually(context),
  };
  return {
    faces: [face, { ...face, after: 2_000, button: open }],
    away: {
      ...face,
      heading: fill(copy["heading.away"], { name }),
      lead: fill(copy["lead.away"], { n: 2 }),
      caption: [copy["caption.away"]],
      button: open,
    },
    guard: {
      ...named(context, "guard", "guard"),
      after: 0,
      lead: copy["lead.guard"],
      caption: [],
      button: open,
    },
  };
}

/** It failed to wake: why, what comes next and when. */
export function failedFaces(context: FaceContext): Face[] {
  const { progress, now, copy, words } = context;
  const failure = progress.failure;
  const next = moment(failure?.nextTryAt);
  const tries = Math.trunc(sane(failure?.tries) ?? 0);
  const tried =
    tries < 1 ? [] : [tries === 1 ? copy["caption.triedOnce"] : fill(copy["caption.tried"], { n: tries })];
  const reason = reasonText(failure, context.details, copy, words);
  const face: Face = {
    ...named(context, "failed", "failed"),
    after: 0,
    lead: next === undefined ? reason : `${reason} ${copy["lead.retry"]}`,
    caption: tried,
    button: { text: copy["button.retry"], kind: "retry", strong: true },
  };
  if (failure?.final) {
    if (next === undefined) return [{ ...face, lead: `${reason} ${copy["lead.finalUnknown"]}` }];
    const text = tries > 1 ? fill(copy["lead.final"], { n: tries }) : copy["lead.finalOnce"];
    return [
      {
        ...face,
        lead: { text: `${reason} ${text}`, at: next, as: "m" },
        number: { text: copy["number.retryAt"], at: next, as: "at" },
        words: true,
      },
    ];
  }
  if (next === undefined) return [face];
  return [
    { ...face, number: { text: copy["number.retry"], ms: Math.max(0, next - now), down: true } },
    { ...face, after: next - now, number: copy["number.retryNow"], words: true },
  ];
}

/** It may not be woken by this visitor, now. */
export function asleepFaces(context: FaceContext): Face[] {
  const { progress, now, copy } = context;
  const why = progress.mayNotWake;
  const check: Button = { text: copy["button.check"], kind: "reload" };
  const face: Face = {
    ...named(context, "asleep", "asleep"),
    after: 0,
    lead: copy[why?.kind === "rule" ? "lead.rule" : "lead.schedule"],
    caption: [],
    button: check,
  };
  if (why?.kind === "start_endpoint") {
    const href = localPath(why.path);
    const start: Button = { text: copy["button.start"], kind: "link", strong: true, href: href ?? "/" };
    return [{ ...face, lead: copy["lead.start"], button: href === undefined ? check : start }];
  }
  const opens = moment(why?.kind === "schedule" ? why.opensAt : why?.kind === "hold" ? why.until : undefined);
  if (opens === undefined || opens <= now) return [face];
  const opening: Live = { text: copy["number.opens"], at: opens, as: "at" };
  const left: Live = { text: copy["caption.in"], ms: opens - now, down: true };
  return [
    { ...face, number: opening, words: true, caption: [left] },
    { ...face, after: opens - now, number: copy["number.soon"], words: true },
  ];
}

/** Its machine does not answer, or does not have the app. */
export function missingFaces(context: FaceContext): Face[] {
  const { copy, progress } = context;
  const why = progress.failure?.reason === "engine_away" ? "engineAway" : "gone";
  return [
    {
      ...named(context, why, why),
      after: 0,
      lead: copy[`lead.${why}`],
      caption: [],
      button: { text: copy["button.again"], kind: "reload" },
    },
  ];
}

/** A path of the app's own host, or undefined where it could lead elsewhere. */
export function localPath(path: string): string | undefined {
  return /^\/(?![/\\])[^\\\s\u0000-\u001f]*$/.test(path) ? path : undefined; // oxlint-disable-line no-control-regex
}

type TitleKey = "waking" | "ready" | "guard" | "failed" | "asleep" | "gone" | "engineAway";
type HeadingKey =
  | "stoppedOutside"
  | "waking"
  | "stopping"
  | "room"
  | "waits"
  | "ready"
  | "guard"
  | "failed"
  | "asleep"
  | "gone"
  | "engineAway";

function named(
  context: FaceContext,
  title: TitleKey,
  heading: HeadingKey,
): Pick<Face, "key" | "title" | "heading"> {
  const { copy, name } = context;
  const text = title === "failed" || title === "asleep" ? copy[`heading.${title}`] : copy[`title.${title}`];
  return {
    key: heading === "waking" ? "waking" : "still",
    title: fill(text, { name }),
    heading: fill(copy[`heading.${heading}`], { name }),
  };
}

function about(ms: number, copy: Copy): Live {
  return { text: copy["number.about"], ms: Math.max(0, ms), down: true, rough: true };
}

function sofarCaption({ progress, copy }: FaceContext): Live[] {
  const elapsed = sane(progress.elapsedMs);
  return elapsed === undefined ? [] : [{ text: copy["caption.sofar"], ms: elapsed }];
}

function usually({ progress, copy, words }: FaceContext): Live[] {
  const ms = sane(progress.usuallyMs);
  return ms ? [fill(copy["caption.usually"], { time: finished(ms, words) })] : [];
}
