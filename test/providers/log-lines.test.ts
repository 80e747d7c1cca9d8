import { describe, expect, test } from "vitest";
import { logLines } from "../../src/providers/log-lines.ts";

describe("logLines()", () => {
  test("keeps the newest lines within both limits, oldest first", () => {
    expect(logLines("a\nb\nc\nd\n", { lines: 2, bytes: 100 })).toEqual(["c", "d"]);
    expect(logLines("aaaa\nbbbb\ncccc\n", { lines: 9, bytes: 9 })).toEqual(["bbbb", "cccc"]);
  });

  test("keeps the end of a newest line that is longer than everything", () => {
    expect(logLines("first\n0123456789", { lines: 5, bytes: 4 })).toEqual(["6789"]);
    expect(logLines("ääää", { lines: 5, bytes: 3 })).toEqual(["ä"]);
  });

  test("takes away colours, titles, controls and marks that turn text round", () => {
    const text = "\u001b[1;31merror\u001b[0m\u0007 \u001b]0;title\u0007done\u202e\u0000\tx\n\n";
    expect(logLines(text, { lines: 5, bytes: 100 })).toEqual(["error done    x"]);
  });

  test("shows the last state of a line that overwrites itself", () => {
    expect(logLines("10%\r50%\r100%\r\nnext", { lines: 5, bytes: 100 })).toEqual(["100%", "next"]);
  });
});
