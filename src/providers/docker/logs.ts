import { logLines } from "../log-lines.ts";
import { ProviderError, type LogLimit } from "../provider.ts";
import type { Connection } from "./connection.ts";
import { inspectRaw } from "./inspect.ts";
import { openStream } from "./modem.ts";
import { OutputTail } from "./multiplex.ts";

/** No runtime takes longer from the app's first instruction to its answer. */
const START_TAKES_MS = 2_000;
/** An engine may note an exit before it has copied the last lines; a restart policy waits longer before the next run. */
const LAST_LINES_TAKE_MS = 50;
/** How many lines of the present run may follow the last ones of the run before. */
const LINES_SINCE = 200;

/** The last lines that the container's latest run wrote, to either output. Empty where the engine keeps none. */
export async function logs(
  connection: Connection,
  id: string,
  limit: LogLimit,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const info = await inspectRaw(connection, id, signal);
  if (!info) {
    throw new ProviderError(
      "not_found",
      connection.engine,
      `engine ${connection.engine}: no such container: ${id}`,
    );
  }
  const query = { stdout: true, stderr: true, ...rangeOf(info.State, limit) };
  return readLog(
    connection,
    `/containers/${info.Id}/logs`,
    { query, framed: !info.Config.Tty, limit },
    signal,
  );
}

/** The end of one log of the engine's. Empty where it keeps none. */
export async function readLog(
  connection: Connection,
  path: string,
  {
    query,
    framed,
    limit,
  }: {
    readonly query: Readonly<Record<string, unknown>>;
    readonly framed: boolean;
    readonly limit: { lines: number; bytes: number };
  },
  signal: AbortSignal,
): Promise<readonly string[]> {
  // Colours and controls are counted before they go, so more is kept than asked for.
  const tail = new OutputTail(framed, limit.bytes * 2);
  try {
    await connection.call("logs", signal, async (docker, abortSignal) => {
      const stream = await openStream(docker, path, query, abortSignal);
      for await (const chunk of stream as AsyncIterable<Buffer>) tail.push(chunk);
    });
  } catch (error) {
    if (error instanceof ProviderError && /logging driver does not support reading/.test(error.message))
      return [];
    throw error;
  }
  return logLines(tail.text(), limit);
}

/** Which part of the log is that of the run. */
function rangeOf(
  state: Parameters<typeof sinceOf>[0],
  { lines, ended }: LogLimit,
): Readonly<Record<string, unknown>> {
  const finished = Date.parse(state.FinishedAt);
  if (ended === true && state.Running && finished > 0) {
    const until = ((finished + LAST_LINES_TAKE_MS) / 1000).toFixed(3);
    // The engine takes the end of the whole log first and leaves out what is later after that.
    return { tail: lines + LINES_SINCE, until };
  }
  const since = sinceOf(state);
  return { tail: lines, ...(since !== undefined && { since }) };
}

/**
 * Where the latest run begins, in seconds. The engine notes the start when it has the answer of its runtime; by
 * then the app has run for a while, and what it said in that while may be why it failed. What runs now still
 * has the end of the run before, which is the exact border.
 */
function sinceOf(state: { Running: boolean; StartedAt: string; FinishedAt: string }): string | undefined {
  const started = Date.parse(state.StartedAt);
  if (!(started > 0)) return undefined;
  const before = state.Running ? Date.parse(state.FinishedAt) : 0;
  return (Math.max(before, started - START_TAKES_MS) / 1000).toFixed(3);
}
