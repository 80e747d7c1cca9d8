import { describe, expect, it } from "vitest";
import { mutate } from "./apply.ts";
import { hunt } from "./hunt.ts";
import { MUTANTS } from "./mutants.ts";

describe("a fault put into a copy of the source", () => {
  it.each(MUTANTS)("$name is found", async (mutant) => {
    const [result] = await hunt({ say: () => undefined, mutants: [mutant] });
    expect(result).toMatchObject({ mutant: mutant.name, foundAt: expect.any(Number) as number });
  });

  it("is refused where its place is not there exactly once", () => {
    const mutant = { name: "m", fault: "", file: "a.ts", find: "one", put: "two" };
    expect(mutate("that one", mutant)).toBe("that two");
    expect(() => mutate("nothing", mutant)).toThrow("is in a.ts 0 times, not once");
    expect(() => mutate("one or one", mutant)).toThrow("is in a.ts 2 times, not once");
  });
});
