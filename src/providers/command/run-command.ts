import { spawn, type ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { CommandLine } from "../../config/model/machine.ts";
import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { signalGroup } from "../../lib/process-group.ts";
import { deadline, DeadlineError, onAbort } from "../../lib/signals.ts";
import { logLines } from "../log-lines.ts";
import { environmentOf } from "./environment.ts";

/** How a command ended. */
export type CommandResult =
  | {
      readonly kind: "exited";
      /** 128 and the signal's number where a signal ended it. */
      readonly code: number;
      /** The first line of its standard output, without controls; empty when there was none. */
      readonly word: string;
      readonly output: readonly string[];
    }
  /** It was killed with its whole process group. */
  | { readonly kind: "too-late"; readonly afterMs: number; readonly output: readonly string[] }
  | { readonly kind: "not-started"; readonly why: string };

/** How much of the output is kept, of its beginning for the word and of its end for people. */
const HEAD_BYTES = 1_024;
const TAIL = { lines: 8, bytes: 2_048 };
/** What it wrote last may still be in the pipe when its end is known; a helper it left may hold the pipe for ever. */
const DRAIN_MS = 100;

/**
 * Runs one command to its end, without a shell, in a process group of its own and with nothing in its environment
 * that the configuration does not name. What it leaves running on purpose lives on.
 *
 * @throws the signal's reason on abort; the group is killed then.
 */
export async function runCommand(
  line: CommandLine,
  clock: Clock,
  signal: AbortSignal,
): Promise<CommandResult> {
  signal.throwIfAborted();
  const [program = "", ...args] = line.argv;
  using limit = deadline(clock, line.timeoutMs, program, signal);
  const child = spawn(program, args, {
    ...(line.cwd !== undefined && { cwd: line.cwd }),
    env: environmentOf(line),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    shell: false,
  });
  const kept = new Kept(child);
  using _killing = onAbort(limit.signal, () => {
    if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
  });
  try {
    const code = await ended(child);
    if (!limit.signal.aborted) {
      await drained(child, clock);
      return { kind: "exited", code, word: kept.word, output: kept.output };
    }
  } catch (error) {
    if (!limit.signal.aborted) return { kind: "not-started", why: messageOf(error) };
  } finally {
    child.stdout.destroy();
    child.stderr.destroy();
  }
  signal.throwIfAborted();
  const reason: unknown = limit.signal.reason;
  const afterMs = reason instanceof DeadlineError ? reason.afterMs : line.timeoutMs;
  return { kind: "too-late", afterMs, output: kept.output };
}

class Kept {
  #head = "";
  #tail = Buffer.alloc(0);

  constructor({ stdout, stderr }: ChildProcess) {
    stdout?.on("data", (chunk: Buffer) => {
      if (this.#head.length < HEAD_BYTES) this.#head += chunk.subarray(0, HEAD_BYTES).toString();
    });
    for (const stream of [stdout, stderr]) {
      stream?.on("error", () => undefined);
      stream?.on("data", (chunk: Buffer) => {
        this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-2 * TAIL.bytes);
      });
    }
  }

  get word(): string {
    const first = this.#head.split("\n", 1)[0] ?? "";
    return logLines(first, { lines: 1, bytes: HEAD_BYTES })[0]?.trim() ?? "";
  }

  get output(): readonly string[] {
    return logLines(this.#tail.toString(), TAIL);
  }
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, name) => resolve(code ?? 128 + (name === null ? 0 : constants.signals[name])));
  });
}

function drained(child: ChildProcess, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(DRAIN_MS, resolve);
    child.once("close", () => {
      timer[Symbol.dispose]();
      resolve();
    });
  });
}
