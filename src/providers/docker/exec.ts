import type { Readable } from "node:stream";
import type { ExecResult } from "../provider.ts";
import type { Connection } from "./connection.ts";
import { checkReference } from "./reference.ts";
import { OutputTail } from "./multiplex.ts";

const MAX_OUTPUT_BYTES = 4096;

/**
 * Runs a command in a running container and waits for its end. An abort ends the waiting only: engines offer no
 * way to end the command.
 */
export async function exec(
  connection: Connection,
  id: string,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<ExecResult> {
  checkReference(connection.engine, id);
  return connection.call("exec", signal, async (docker, abortSignal) => {
    const options = { Cmd: [...argv], AttachStdout: true, AttachStderr: true, abortSignal };
    const command = await docker.getContainer(id).exec(options);
    const stream = (await command.start({ hijack: false, stdin: false, abortSignal })) as Readable;
    const output = new OutputTail(true, MAX_OUTPUT_BYTES);
    for await (const chunk of stream as AsyncIterable<Buffer>) output.push(chunk);
    const { ExitCode } = await command.inspect({ abortSignal });
    return { exitCode: ExitCode ?? -1, output: output.text() };
  });
}
