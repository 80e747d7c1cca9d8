import { logLines } from "../log-lines.ts";
import { ProviderError } from "../provider.ts";
import type { Connection } from "./connection.ts";
import { inspectRaw } from "./inspect.ts";
import { openStream } from "./modem.ts";
import { OutputTail } from "./multiplex.ts";

/** No runtime takes longer from the app's first instruction to its answer. */
const START_TAKES_MS = 2_000;

/** The last lines that the container's latest run wrote, to either output. Empty where the engine keeps none. */
export async function logs(
  connection: Connection,
  id: string,
  limit: { lines: number; bytes: number },
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
  const since = sinceOf(info.State);
  const query = { stdout: true, stderr: true, tail: limit.lines, ...(since !== undefined && { since }) };
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
