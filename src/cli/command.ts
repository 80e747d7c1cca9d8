import type { Output } from "./output.ts";

/** One command of `wakegate`. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the name. */
  readonly usage: string;
  /** Options and their meaning, in the order of the help. */
  readonly options: readonly (readonly [option: string, meaning: string])[];
  readonly details?: string;
  /** Loads the command's code only when it is called. Resolves to the exit code. */
  run(args: string[], output: Output): Promise<number>;
}
