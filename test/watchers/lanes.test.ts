import { describe, expect, it } from "vitest";
import { Lanes } from "../../src/watchers/lanes.ts";

function held(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

describe("lanes", () => {
  it("run one thing at a time under a name, in order of asking, and say who had to wait", async () => {
    const lanes = new Lanes();
    const first = held();
    const seen: string[] = [];
    const one = lanes.run("db", async (waited) => {
      seen.push(`one ${String(waited)}`);
      await first.promise;
    });
    const two = lanes.run("db", async (waited) => {
      seen.push(`two ${String(waited)}`);
    });
    await lanes.run("web", async (waited) => {
      seen.push(`web ${String(waited)}`);
    });
    expect(seen).toEqual(["one false", "web false"]);
    first.resolve();
    await Promise.all([one, two]);
    expect(seen.at(-1)).toBe("two true");
    await lanes.run("db", async (waited) => {
      seen.push(`three ${String(waited)}`);
    });
    expect(seen.at(-1)).toBe("three false");
  });

  it("go on after a failure, which only who asked hears of", async () => {
    const lanes = new Lanes();
    const failing = lanes.run("db", () => Promise.reject(new Error("refused")));
    const next = lanes.run("db", async () => "done");
    await expect(failing).rejects.toThrow("refused");
    expect(await next).toBe("done");
  });

  it("are idle when everything asked for is over", async () => {
    const lanes = new Lanes();
    const call = held();
    void lanes.run("db", () => call.promise);
    let idle = false;
    const waiting = lanes.idle("db").then(() => (idle = true));
    await lanes.idle("nobody");
    expect(idle).toBe(false);
    call.resolve();
    await waiting;
    expect(idle).toBe(true);
  });
});
