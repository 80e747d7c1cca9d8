import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { english } from "../../../src/forward-auth/page/copy.ts";
import { viewOf } from "../../../src/forward-auth/page/model.ts";
import { redactProgress } from "../../../src/forward-auth/redact.ts";
import { wordsOf } from "../../../src/forward-auth/page/time.ts";
import type { View } from "../../../src/forward-auth/page/view.ts";
import type { Progress } from "../../../src/watchers/progress.ts";
import type { Live } from "../../../templates/live.js";
import { faceAt, print } from "../../../templates/live.js";
import { CLOSED, NOW, OPEN, progressOf } from "./fixtures.ts";
import { anyProgress } from "./progress-arbitrary.ts";

const words = wordsOf(english, "en");

interface Spoken {
  readonly title: string;
  readonly heading: string;
  readonly lead: string;
  readonly number: string;
  readonly caption: string;
  readonly button: string;
}

function read(view: View, dt = 0): Spoken {
  const face = faceAt(view.faces, dt);
  const text = (live: Live): string => print(live, dt, words, NOW + dt).replaceAll("\u00a0", " ");
  return {
    title: face.title,
    heading: face.heading,
    lead: text(face.lead).replaceAll("**", ""),
    number: face.number === undefined ? "" : text(face.number),
    caption: face.caption.map(text).filter(Boolean).join(" · "),
    button: face.button?.text ?? "",
  };
}

const WAKING = "Nothing to do here. The app opens by itself the moment it answers.";
const ROOM =
  "Others are in use on its machine. It wakes by itself as soon as there is room; you can leave this page open.";
const RETRY =
  "It ran out of memory while starting. The next try starts by itself; you can leave this page open.";

describe("the page's words", () => {
  test.each([
    ["waking", "paperless is waking up", WAKING, "about 6 s", "4 s so far · usually 10 s", ""],
    ["first", "paperless is waking up", WAKING, "4 s so far", "first wake here, no estimate yet", ""],
    ["almost", "paperless is almost there", WAKING, "any moment now", "10 s so far · usually 10 s", ""],
    [
      "overdue",
      "paperless takes longer than usual",
      "It is still trying, and the app still opens by itself. With no answer after 60 s, you will read here why.",
      "18 s so far",
      "usually 10 s · slowest lately 24 s",
      "",
    ],
    [
      "stopping",
      "paperless was just going to sleep",
      "It finishes shutting down first, so that nothing is lost. Then it wakes at once.",
      "about 15 s",
      "3 s so far · shutting down takes up to 10 s",
      "",
    ],
    ["room", "paperless waits for room", ROOM, "2 before you", "4 s so far · usually 10 s", ""],
    [
      "waits",
      "paperless has to wait",
      "CT 104 is locked (backup). It wakes by itself when that is over; you can leave this page open.",
      "40 s so far",
      "usually 10 s",
      "",
    ],
    ["next", "paperless waits for room", ROOM, "about 15 s", "you are next · 4 s so far", ""],
    [
      "stopped-outside",
      "paperless was stopped",
      "It was stopped outside Wakegate. It wakes in 8 s, in case an updater is at work and starts it itself.",
      "about 15 s",
      "3 s so far",
      "",
    ],
    ["ready", "paperless is awake", "Opening it now.", "9.4 s", "usually 10 s", ""],
    ["failed", "paperless failed to wake", RETRY, "next try in 6 s", "tried 4 times", "Try now"],
    [
      "final",
      "paperless failed to wake",
      "It ran out of memory while starting. It failed 5 times in a row, so there are no more tries by itself before 14:40.",
      "next try at 14:40",
      "tried 5 times",
      "Try now",
    ],
    [
      "gone",
      "paperless is not available",
      "Its machine has no such app at the moment: it was removed, or it has not been created yet.",
      "",
      "",
      "Look again",
    ],
    [
      "engine-away",
      "paperless cannot be reached",
      "The machine it runs on does not answer. As soon as the machine is back, the app can be woken again.",
      "",
      "",
      "Look again",
    ],
    [
      "schedule",
      "paperless is asleep",
      "It may not be woken right now. When it does wake, it opens here by itself.",
      "opens at 19:15",
      "in 5 h 12 min",
      "Check again",
    ],
    [
      "rule",
      "paperless is asleep",
      "This request may not wake it. When it does wake, it opens here by itself.",
      "",
      "",
      "Check again",
    ],
    ["start", "paperless is asleep", "It wakes only from its start page.", "", "", "Go to the start page"],
  ])("%s", (name, heading, lead, number, caption, button) => {
    expect(read(viewOf(progressOf(name), OPEN, NOW))).toMatchObject({
      heading,
      lead,
      number,
      caption,
      button,
    });
  });

  test("a waking page becomes almost there and overdue by time alone", () => {
    const view = viewOf(progressOf("probing"), OPEN, NOW);
    expect(read(view, 0).heading).toBe("paperless is waking up");
    expect(read(view, 2_500).number).toBe("any moment now");
    expect(read(view, 5_000).heading).toBe("paperless is almost there");
    expect(read(view, 5_500).heading).toBe("paperless takes longer than usual");
    expect(read(view, 16_000).caption).toBe("usually 10 s · slowest lately 24 s");
    expect(read(view, 18_000).caption).toBe("usually 10 s");
  });

  test("what a wake waits for is named only where details are allowed", () => {
    const redacted = redactProgress(progressOf("waits"), CLOSED);
    for (const progress of [progressOf("waits"), redacted]) {
      const view = viewOf(progress, CLOSED, NOW);
      expect(JSON.stringify(view)).not.toContain("CT 104");
      expect(read(view)).toMatchObject({ heading: "paperless has to wait", number: "40 s so far" });
      expect(read(view).lead).toContain("Something on its machine");
    }
  });

  test("a quick wake never counts", () => {
    const view = viewOf({ ...progressOf("probing"), elapsedMs: 200, etaMs: 2_000 }, OPEN, NOW);
    expect(read(view)).toMatchObject({ heading: "paperless is waking up", number: "any moment now" });
  });

  test("progress made earlier is moved on to now", () => {
    const view = viewOf(progressOf("waking", NOW - 2_000), OPEN, NOW);
    expect(read(view)).toMatchObject({ number: "about 4 s", caption: "6 s so far · usually 10 s" });
  });

  test("an app that was stopped outside Wakegate counts down to its wake by time alone", () => {
    const view = viewOf(progressOf("stopped-outside", NOW - 2_000), CLOSED, NOW);
    expect(read(view).lead).toContain("It wakes in 6 s");
    expect(read(view, 6_500).lead).toBe("It was stopped outside Wakegate. It wakes now.");
    const dying = viewOf({ ...progressOf("stopping"), stoppedOutside: {} }, CLOSED, NOW);
    expect(read(dying)).toMatchObject({
      heading: "paperless was stopped",
      lead: "It was stopped outside Wakegate. If an updater is at work, it comes back in a moment.",
    });
  });

  test("after 2 s a ready page offers to open it", () => {
    const view = viewOf(progressOf("ready"), OPEN, NOW);
    expect(read(view, 2_000).button).toBe("Open it");
    expect(view.guard?.heading).toBe("paperless is awake, but this page came back");
    expect(view.away?.heading).toBe("paperless is awake, but not here yet");
  });

  test("a stranger learns neither names nor codes nor logs", () => {
    const failed = progressOf("failed");
    const exited: Progress = { ...failed, failure: { ...failed.failure!, reason: "exited", exitCode: 137 } };
    for (const progress of [exited, progressOf("waking"), progressOf("schedule"), progressOf("hold")]) {
      const text = JSON.stringify(viewOf(progress, CLOSED, NOW));
      expect(text).not.toMatch(/redis|postgres|137|documents|Mon to Fri|backup/);
    }
    expect(JSON.stringify(viewOf(exited, { ...OPEN, logs: false }, NOW))).not.toContain("documents");
  });

  test("a start page elsewhere is not linked", () => {
    for (const path of ["//evil.example", "/\\evil.example", "javascript:alert(1)", "https://evil.example"]) {
      const mayNotWake = { kind: "start_endpoint", path } as const;
      const view = viewOf({ ...progressOf("start"), mayNotWake }, OPEN, NOW);
      expect(faceAt(view.faces, 0).button?.kind).toBe("reload");
    }
  });

  test("nothing unknown is ever printed, whatever is known", () => {
    fc.assert(
      fc.property(anyProgress, fc.boolean(), fc.nat(1e8), (progress, details, dt) => {
        const view = viewOf(progress, { details, logs: details, footer: true }, NOW);
        const text = (live: Live): string => print(live, dt, words, NOW + dt);
        const face = faceAt(view.faces, dt);
        const lines = [
          ...view.faces.flatMap(({ title, heading, lead, caption }) => [
            title,
            heading,
            text(lead),
            ...caption.map(text),
          ]),
          face.number === undefined ? "" : text(face.number),
          ...view.steps.flatMap(({ label, value, parts }) => [
            label,
            text(value),
            ...(parts ?? []).map((part) => text(part.value)),
          ]),
          ...(view.evidence?.rows ?? []).map(([, value]) => text(value)),
          ...(view.say ?? []).map(text),
          ...(view.bar?.text ?? []).map(text),
        ];
        for (const line of lines)
          expect(line).not.toMatch(/NaN|undefined|null|Infinity|-\d|\b0 of 0|Invalid|[{}]/);
        expect(face.heading).not.toBe("");
        expect(face.lead).not.toBe("");
        for (const n of [view.elapsedMs, view.etaMs, view.sinkMs, view.sunkMs, view.knockInMs])
          expect(n ?? 0).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 500 },
    );
  });
});
