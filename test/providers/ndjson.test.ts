import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineDecoder } from "../../src/lib/ndjson.ts";

describe("LineDecoder", () => {
  test("gives the same lines wherever the bytes are cut, inside characters too", () => {
    const line = fc.string({ unit: "binary", minLength: 1 }).map((text) => JSON.stringify({ text }));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(2_000)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const places = [
          0,
          ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b),
          bytes.length,
        ];
        const decoder = new LineDecoder();
        const seen = places
          .slice(1)
          .flatMap((end, index) => decoder.push(bytes.subarray(places[index], end)));
        expect(seen).toEqual(lines.map((text) => Buffer.from(text).toString()));
        expect(decoder.end()).toBe("");
      }),
    );
  });

  test("takes CRLF, leaves empty lines out, and keeps what has no end yet", () => {
    const decoder = new LineDecoder();
    expect(decoder.push(Buffer.from('{"a":1}\r\n\n\r\n{"b"'))).toEqual(['{"a":1}']);
    expect(decoder.push(Buffer.from(":2}\nrest"))).toEqual(['{"b":2}']);
    expect(decoder.end()).toBe("rest");
  });

  test("refuses a line that never ends", () => {
    const decoder = new LineDecoder(100);
    decoder.push(Buffer.alloc(100, "x"));
    expect(() => decoder.push(Buffer.from("x"))).toThrow(RangeError);
  });
});
