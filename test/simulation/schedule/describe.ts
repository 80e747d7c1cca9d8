import type { App } from "./apps.ts";
import type { Action, Cue, Deed } from "./deed.ts";
import type { Schedule } from "./generate.ts";

/** A schedule as a person reads it: who is there, and what happens when. */
export function describeSchedule({ seed, apps, endsAt }: Schedule, actions: readonly Action[]): string {
  const only = actions.map(({ index }) => String(index)).join(",");
  return [
    `seed ${String(seed)}, ${String(actions.length)} deeds, the engine tells the truth from ${seconds(endsAt)} on`,
    ...apps.map(describeApp),
    ...actions.map(
      (action) => `  #${String(action.index).padEnd(3)} ${when(action)}  ${describeDeed(action.deed)}`,
    ),
    `replay: npm run simulate -- --seed ${String(seed)} --only ${only || "none"} --trace`,
  ].join("\n");
}

function describeApp({ name, owner, initially, needs, readiness, restartPolicy, labels }: App): string {
  const said = Object.entries(labels)
    .filter(([key]) => key.startsWith("wakegate.") && !/hosts|port|enable/.test(key))
    .map(([key, value]) => `${key.slice("wakegate.".length)}=${value}`);
  const parts = [owner, initially, `restart ${restartPolicy}`, `readiness ${readiness}`, ...said];
  return `  ${name}: ${[...parts, ...needs.map((need) => `needs ${need}`)].join(", ")}`;
}

function when({ at, cue, afterCue }: Action): string {
  if (!cue) return seconds(at).padStart(9);
  const what = describeCue(cue);
  return `${seconds(at).padStart(9)}, ${String(afterCue)} ms after ${what}`;
}

function describeCue(cue: Cue): string {
  switch (cue.on) {
    case "looked":
      return `a look found ${cue.target} quiet`;
    case "moved":
      return `${cue.target} is ${cue.to}`;
    case "calls":
    case "called":
      return `Wakegate ${cue.on} ${cue.method} of ${cue.target}`;
  }
}

/** One deed in a line. */
export function describeDeed({ do: what, ...rest }: Deed): string {
  const details = Object.entries(rest).map(
    ([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  );
  return [what, ...details].join(", ");
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(3)} s`;
}
