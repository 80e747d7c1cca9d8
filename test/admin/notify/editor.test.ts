import { describe, expect, it } from "vitest";
import { Editor } from "../../../src/admin/notify/editor.ts";
import { goneNews, trialNews, type News } from "../../../src/admin/notify/news.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const HOUR = 3_600_000;
const RULES = { events: ["engine_gone"], repeatAfterMs: 6 * HOUR } as const;
const gone = (engine: string): News => goneNews(engine, "no answer", 0);

describe("what is worth a message", () => {
  it("is told once, again after a while, and at once when it was over in between", async () => {
    const clock = new VirtualClock();
    const editor = new Editor(clock);
    expect(editor.pick(gone("a"), RULES)).toBeDefined();
    expect(editor.pick(gone("a"), RULES)).toBeUndefined();
    editor.forget("engine_gone a");
    expect(editor.pick(gone("a"), RULES)).toBeDefined();
    await clock.advance(6 * HOUR);
    expect(editor.pick(gone("a"), RULES)).toBeDefined();
  });

  it("is only what was asked for, and always a trial", () => {
    const editor = new Editor(new VirtualClock());
    expect(editor.pick(gone("a"), { ...RULES, events: [] })).toBeUndefined();
    expect(editor.pick(trialNews(0), { ...RULES, events: [] })).toBeDefined();
  });

  it("is bounded when everything falls apart at once, and the next message says how much was held back", async () => {
    const clock = new VirtualClock();
    const editor = new Editor(clock);
    const sent = Array.from({ length: 100 }, (_, i) => editor.pick(gone(`engine-${String(i)}`), RULES));
    expect(sent.filter(Boolean)).toHaveLength(20);
    await clock.advance(HOUR);
    expect(editor.pick(gone("last"), RULES)?.message).toContain("(80 more were held back");
  });
});
