import { basename } from "node:path";
import type { CommandEngineSpec, CommandLine } from "../../config/model/machine.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Controls } from "../machine/controls.ts";
import { ProviderError } from "../provider.ts";
import { meaningOf } from "./meaning.ts";
import { runCommand, type CommandResult } from "./run-command.ts";

/** Switches and looks by the commands of the configuration. */
export function commandControls(spec: CommandEngineSpec, clock: Clock): Controls {
  const { sleep } = spec;
  return {
    what: basename(spec.wake.argv[0] ?? ""),
    async isOn(signal) {
      const result = await runCommand(spec.status, clock, signal);
      const meaning = result.kind === "exited" ? meaningOf(result, spec) : undefined;
      if (meaning === undefined) throw failure(spec, "status", spec.status, result);
      return meaning === "on";
    },
    switchOn: (signal) => act(spec, "wake", spec.wake, clock, signal),
    ...(sleep && { switchOff: (signal: AbortSignal) => act(spec, "sleep", sleep, clock, signal) }),
  };
}

/**
 * Runs a command that has to succeed.
 *
 * @throws ProviderError with what it wrote; the signal's reason on abort.
 */
export async function act(
  machine: { readonly name: string; readonly target: string },
  verb: "wake" | "sleep",
  line: CommandLine,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const result = await runCommand(line, clock, signal);
  if (result.kind !== "exited" || result.code !== 0) throw failure(machine, verb, line, result);
}

function failure(
  { name, target }: { readonly name: string; readonly target: string },
  verb: "wake" | "sleep" | "status",
  { argv: [program = ""] }: CommandLine,
  result: CommandResult,
): ProviderError {
  const said = `machine ${target}: the ${verb} command ${program}`;
  switch (result.kind) {
    case "not-started":
      return new ProviderError(
        "engine_failed",
        name,
        `${said} could not be run (${result.why}): give its full path, and make it executable for Wakegate's user`,
      );
    case "too-late": {
      const message = `${said} was killed: it ran longer than ${String(result.afterMs / 1_000)} s`;
      return new ProviderError("engine_timeout", name, message, { output: result.output });
    }
    case "exited": {
      const last = result.output.at(-1);
      const ended = `${said} exited with ${String(result.code)}${last === undefined ? "" : ` and said: ${last}`}`;
      const advice = verb === "status" ? ". That is neither in command.running nor in command.stopped" : "";
      // A status that makes no sense is an engine that does not answer.
      const code = verb === "status" ? "engine_unreachable" : "engine_failed";
      return new ProviderError(code, name, ended + advice, { output: result.output });
    }
  }
}
