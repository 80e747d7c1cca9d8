import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonArrayDecoder } from "../../src/lib/json-array.ts";

/** All items of a text that comes in pieces of so many bytes. */
function decode(text: string, size = 1): unknown[] {
  const decoder = new JsonArrayDecoder();
  const bytes = Buffer.from(text);
  const items: unknown[] = [];
  for (let at = 0; at < bytes.length; at += size) items.push(...decoder.push(bytes.subarray(at, at + size)));
  decoder.end();
  return items;
}

describe("JsonArrayDecoder", () => {
  it("gives every item of any array, wherever it is cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        fc.constantFrom(undefined, 1),
        fc.integer({ min: 1, max: 40 }),
        (items, indent, size) => {
          const text = JSON.stringify(items, undefined, indent);
          expect(decode(text, size)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it("is not misled by brackets, commas, quotes and backslashes in strings", () => {
    const items = ["],[", '"}', "\\", '\\"', { "a,]": "{" }, "ä\u{1f600}"];
    expect(decode(JSON.stringify(items))).toEqual(items);
  });

  it("gives an item as soon as the next one begins", () => {
    const decoder = new JsonArrayDecoder();
    expect(decoder.push(Buffer.from('[{"id":1},{"id"'))).toEqual([{ id: 1 }]);
    expect(decoder.push(Buffer.from(":2}]"))).toEqual([{ id: 2 }]);
  });

  it("refuses what is no array, is cut, or goes on after its end", () => {
    for (const text of [
      "{}",
      '"[]"',
      "null",
      "",
      "[",
      "[1",
      '["]',
      "[1,]",
      "[,1]",
      "[1]2",
      "[1][2]",
      "[{]}",
    ]) {
      for (const size of [1, 100]) expect(() => decode(text, size)).toThrow(SyntaxError);
    }
  });
});
