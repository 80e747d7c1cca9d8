import type { Log } from "../lib/log.ts";
import { withLastWords } from "./failure.ts";
import type { Registry } from "./registry/registry.ts";
import type { Moved } from "./registry/watcher-set.ts";
import { wakeBegan, type Starting, type State } from "./state.ts";

/** Writes one line for each turning point in the life of a target. Dispose to end. */
export function keepJournal(registry: Registry, log: Log): Disposable {
  return registry.moved.subscribe((moved) => {
    const line = lineOf(moved);
    if (line) log[line.level](line.event, line.message, { target: moved.watcher.name, ...line.fields });
  });
}

interface Line {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

function lineOf({ watcher, before, after }: Moved): Line | undefined {
  const { name } = watcher;
  if (before.kind === after.kind) return undefined;
  switch (after.kind) {
    case "waking":
      return {
        level: "info",
        event: "wake_started",
        message: `${name} is woken`,
        fields: { ...after.wake.cause },
      };
    case "starting":
      if (before.kind === "waking") return undefined;
      return { level: "info", event: "start_adopted", message: `${name} ${begunBy(after)}` };
    case "ready":
      return {
        level: "info",
        event: "target_ready",
        message: `${name} is ready after ${seconds(after.tookMs)}`,
        fields: { tookMs: Math.round(after.tookMs), ...phases(before, after.tookMs) },
      };
    case "stopping":
      if (after.whose === "foreign") {
        return { level: "info", event: "foreign_stop", message: `${name} was stopped outside Wakegate` };
      }
      return { level: "info", event: "sleep_started", message: `${name} is put to sleep (${after.method})` };
    case "napping":
      if (after.crashed) {
        const { code, oomKilled } = after.crashed;
        const how = oomKilled ? "ran out of memory" : `ended by itself with exit code ${String(code)}`;
        const message = `${name} ${how} while it was ready`;
        return { level: "warn", event: "target_crashed", message, fields: { code, oomKilled } };
      }
      return { level: "info", event: "target_asleep", message: `${name} sleeps (${after.how})` };
    case "error": {
      const { reason, tries, log } = after.failure;
      return {
        level: "error",
        event: "wake_failed",
        message: `${name} failed to wake: ${withLastWords(after.failure)}`,
        fields: { reason, tries, ...(log && { log }) },
      };
    }
    case "missing":
      if (after.why === "unlisted") return undefined;
      return { level: "warn", event: "target_missing", message: `${name} is unavailable: ${after.message}` };
  }
}

function begunBy({ seen, failingSince }: Starting): string {
  if (failingSince !== undefined || (seen.status === "restarting" && seen.exit !== undefined))
    return "ended and is started again by its restart policy";
  return "was started outside Wakegate";
}

function phases(before: State, tookMs: number): Readonly<Record<string, number>> {
  if (before.kind !== "starting") return {};
  const { dependencies, starting, probing } = before.wake.began;
  const began = wakeBegan(before.wake);
  return {
    ...(dependencies !== undefined &&
      starting !== undefined && { dependenciesMs: Math.round(starting - dependencies) }),
    ...(starting !== undefined && probing !== undefined && { startMs: Math.round(probing - starting) }),
    ...(probing !== undefined && { probeMs: Math.round(began + tookMs - probing) }),
  };
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(2)} s` : `${(ms / 1_000).toFixed(0)} s`;
}
