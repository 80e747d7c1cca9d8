import type { RunningWakegate } from "../../test/e2e/support/wakegate.ts";
import { setTimeout as pause } from "node:timers/promises";

/** The sum of a metric over all its labels. 0 where there is none. */
export async function metric(wakegate: RunningWakegate, name: string): Promise<number> {
  const text = await (await fetch(`http://${wakegate.internal}/metrics`)).text();
  let sum = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) sum += Number(line.split(" ").at(-1));
  }
  return sum;
}

/** Waits for a condition. @throws Error that says what was waited for, after two minutes. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + 120_000;
  while (!(await condition())) {
    if (performance.now() > giveUp) throw new Error(`waited in vain: ${what}`);
    await pause(20);
  }
}
