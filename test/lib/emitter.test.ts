import { describe, expect, it } from "vitest";
import { Emitter } from "../../src/lib/emitter.ts";

describe("Emitter", () => {
  it("tells each listener until it is disposed, be it one, several or none", () => {
    const emitter = new Emitter<number>();
    const heard: string[] = [];
    emitter.emit(0);
    const a = emitter.subscribe((value) => heard.push(`a${String(value)}`));
    emitter.emit(1);
    const b = emitter.subscribe((value) => heard.push(`b${String(value)}`));
    emitter.emit(2);
    a[Symbol.dispose]();
    a[Symbol.dispose]();
    emitter.emit(3);
    b[Symbol.dispose]();
    emitter.emit(4);
    expect(heard).toEqual(["a1", "a2", "b2", "b3"]);
    expect(emitter.size).toBe(0);
  });

  it("calls neither who subscribes nor who is disposed while it tells", () => {
    const emitter = new Emitter<void>();
    const heard: string[] = [];
    const first = emitter.subscribe(() => {
      heard.push("first");
      first[Symbol.dispose]();
      second[Symbol.dispose]();
      emitter.subscribe(() => heard.push("late"));
    });
    const second = emitter.subscribe(() => heard.push("second"));
    emitter.emit();
    expect(heard).toEqual(["first"]);
    emitter.emit();
    expect(heard).toEqual(["first", "late"]);
  });

  it("takes the same function twice as two listeners", () => {
    const emitter = new Emitter<void>();
    let calls = 0;
    const call = (): void => void calls++;
    using _a = emitter.subscribe(call);
    using _b = emitter.subscribe(call);
    emitter.emit();
    expect(calls).toBe(2);
  });
});
