import { messageOf, WakegateError } from "../errors.ts";
import { version } from "../version.ts";
import { didYouMean } from "../config/values/suggest.ts";
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { columns, processOutput, styled, type Output } from "./output.ts";

/** Exit codes: everything good, something failed, called wrongly. */
const EXIT = { good: 0, failed: 1, usage: 2 } as const;

/**
 * Runs `wakegate` with the arguments after the program's name and resolves to the exit code. Failures are
 * written, never thrown.
 */
export async function cli(args: readonly string[], output: Output = processOutput()): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined) {
    output.err(generalHelp(output));
    return EXIT.usage;
  }
  if (first === "--version" || first === "-V") {
    output.out(version());
    return EXIT.good;
  }
  if (first === "--help" || first === "-h" || (first === "help" && rest.length === 0)) {
    output.out(generalHelp(output));
    return EXIT.good;
  }
  const name = first === "help" ? (rest[0] ?? "") : first;
  const command = commands.find((each) => each.name === name);
  if (!command) {
    const names = [...commands.map((each) => each.name), "help"];
    const what = name.startsWith("-") ? "option" : "command";
    output.err(`wakegate: unknown ${what} "${name}"${didYouMean(name, names)}`);
    output.err("See wakegate --help.");
    return EXIT.usage;
  }
  if (first === "help" || helpAsked(rest)) {
    output.out(commandHelp(command, output));
    return EXIT.good;
  }
  return await run(command, rest, output);
}

/** The help of one command. */
export function commandHelp(command: Command, output: Output): string {
  const usage = `Usage: wakegate ${command.name} ${command.usage}`.trimEnd();
  const options = [...command.options, ["-h, --help", "show this"] as const];
  const parts = [`${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`, usage];
  if (command.details !== undefined) parts.push(command.details);
  parts.push(
    `${styled(output, "bold", "Options")}\n${columns(options.map(([option, meaning]) => [`  ${option}`, meaning]))}`,
  );
  return parts.join("\n\n");
}

/** The help of the program. */
export function generalHelp(output: Output): string {
  const rows = commands.map(({ name, summary }) => [`  ${name}`, summary]);
  return [
    "Wakegate puts idle apps to sleep and wakes them with the next request.",
    "Usage: wakegate COMMAND [OPTIONS]",
    `${styled(output, "bold", "Commands")}\n${columns([...rows, ["  help COMMAND", "tell more about a command"]])}`,
    `${styled(output, "bold", "Options")}\n${columns([
      ["  -h, --help", "show this"],
      ["  -V, --version", "show the version"],
    ])}`,
    "Exit codes: 0 good, 1 failed, 2 called wrongly.",
  ].join("\n\n");
}

async function run(command: Command, args: string[], output: Output): Promise<number> {
  try {
    return await command.run(args, output);
  } catch (error) {
    if (isUsage(error)) {
      output.err(`wakegate ${command.name}: ${messageOf(error)}`);
      output.err(`See wakegate help ${command.name}.`);
      return EXIT.usage;
    }
    const text =
      error instanceof WakegateError ? error.message : error instanceof Error ? error.stack : undefined;
    output.err(`wakegate ${command.name}: ${text ?? messageOf(error)}`);
    return EXIT.failed;
  }
}

/** What `util.parseArgs` throws, and our own code for the same. */
function isUsage(error: unknown): boolean {
  if (error instanceof WakegateError) return error.code === "usage";
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_");
}

function helpAsked(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === "--help" || arg === "-h");
}
