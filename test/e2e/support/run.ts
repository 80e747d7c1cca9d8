import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";

/** What a program said. */
export interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

/** Runs a program to its end, with `input` as its standard input. */
export async function run(
  program: string,
  args: readonly string[],
  input: string | Readable = "",
): Promise<Ran> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], timeout: 90_000 });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  child.stdin.on("error", () => undefined);
  if (typeof input === "string") child.stdin.end(input);
  else input.pipe(child.stdin);
  const [code] = (await once(child, "close")) as [number | null];
  return { out, err, code };
}
