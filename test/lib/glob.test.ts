import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGlob } from "../../src/lib/glob.ts";

function slow(glob: string): RegExp {
  const source = Array.from(glob, (char) => (char === "*" ? ".*" : char === "?" ? "." : `\\u{${hex(char)}}`));
  return new RegExp(`^${source.join("")}$`, "su");
}

function hex(char: string): string {
  return (char.codePointAt(0) ?? 0).toString(16);
}

describe("compileGlob()", () => {
  it("says the same as a regular expression", () => {
    const letters = fc.constantFrom("a", "b", "/");
    const globs = fc.string({ unit: fc.constantFrom("a", "b", "/", "*", "?"), maxLength: 8 });
    fc.assert(
      fc.property(globs, fc.string({ unit: letters, maxLength: 12 }), (glob, text) => {
        expect(compileGlob(glob)(text)).toBe(slow(glob).test(text));
      }),
      { numRuns: 3000 },
    );
  });

  it("stays quick with many stars", () => {
    const fits = compileGlob("*a".repeat(100) + "b");
    const started = performance.now();
    expect(fits("a".repeat(5000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
