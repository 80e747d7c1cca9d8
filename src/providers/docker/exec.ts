import type { Readable } from "node:stream";
import { ProviderError, type ExecResult } from "../provider.ts";
import type { Connection } from "./connection.ts";
import { inspectRaw, healthCommand } from "./inspect.ts";
import { checkReference } from "./reference.ts";
import { OutputTail } from "./multiplex.ts";

const MAX_OUTPUT_BYTES = 4096;

/** The exec instances that we began and that may still run, with their containers, by engine connection. */
const ownExecs = new WeakMap<Connection, Map<string, string>>();

function ownExecsOf(connection: Connection): Map<string, string> {
  const known = ownExecs.get(connection) ?? new Map<string, string>();
  ownExecs.set(connection, known);
  return known;
}

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
    // Kept after an abort as well: the command continues. `runningCommands` removes those that ended.
    ownExecsOf(connection).set(command.id, id);
    const stream = (await command.start({ hijack: false, stdin: false, abortSignal })) as Readable;
    const output = new OutputTail(true, MAX_OUTPUT_BYTES);
    for await (const chunk of stream as AsyncIterable<Buffer>) output.push(chunk);
    const { ExitCode } = await command.inspect({ abortSignal });
    ownExecsOf(connection).delete(command.id);
    return { exitCode: ExitCode ?? -1, output: output.text() };
  });
}

/**
 * The commands that run in a container by `docker exec`, each as argv: without its health command and without those
 * of {@link exec}. Empty for a container that does not exist.
 *
 * @throws ProviderError when the engine does not answer, or refuses to tell.
 */
export async function runningCommands(
  connection: Connection,
  id: string,
  signal: AbortSignal,
): Promise<readonly (readonly string[])[]> {
  checkReference(connection.engine, id);
  const own = ownExecsOf(connection);
  // Only those from before the answer can be missing in it because they ended.
  const before = [...own].filter(([, container]) => container === id);
  const info = await inspectRaw(connection, id, signal);
  const execIds = (info?.ExecIDs as readonly string[] | null | undefined) ?? [];
  for (const [execId] of before) if (!execIds.includes(execId)) own.delete(execId);
  const others = execIds.filter((execId) => !own.has(execId));
  if (!info || others.length === 0) return [];
  const health = healthCommand(info.Config)?.join("\0");
  const commands = await Promise.all(others.map((execId) => commandOf(connection, execId, signal)));
  return commands.filter((argv) => argv !== undefined).filter((argv) => argv.join("\0") !== health);
}

/** Undefined: it has ended. */
async function commandOf(
  connection: Connection,
  execId: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  try {
    const { Running, ProcessConfig } = await connection.call("commands", signal, (docker, abortSignal) =>
      docker.getExec(execId).inspect({ abortSignal }),
    );
    if (!Running) return undefined;
    const { entrypoint, arguments: rest } = ProcessConfig as {
      entrypoint: string;
      arguments: readonly string[] | null;
    };
    return [entrypoint, ...(rest ?? [])];
  } catch (error) {
    if (error instanceof ProviderError && error.code === "not_found") return undefined;
    throw error;
  }
}
