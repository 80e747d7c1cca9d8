import { describe, expect, it } from "vitest";
import { SingleFlight } from "../../src/lib/single-flight.ts";

describe("SingleFlight", () => {
  it("gives everyone who asks while the task runs its one outcome", async () => {
    const flight = new SingleFlight<number>();
    let runs = 0;
    const work = (): Promise<number> => Promise.resolve(++runs);
    expect(await Promise.all([flight.run(work), flight.run(work)])).toEqual([1, 1]);
    expect(await flight.run(work)).toBe(2);
  });

  it("starts again after a failure, also after one thrown before the first await", async () => {
    const flight = new SingleFlight<string>();
    const failing = (): Promise<string> => {
      throw new Error("no such file");
    };
    await expect(flight.run(failing)).rejects.toThrow("no such file");
    await expect(flight.run(async () => "good")).resolves.toBe("good");
  });
});
