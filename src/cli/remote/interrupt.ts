import { WakegateError } from "../../errors.ts";

/**
 * Runs work with a signal that aborts on SIGINT and SIGTERM; the process lives on to tidy up.
 *
 * @throws WakegateError `interrupted` when the work ended because of it.
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const end = (): void => stop.abort(new Error("interrupted"));
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  try {
    return await work(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) throw new WakegateError("interrupted", "interrupted", { cause: error });
    throw error;
  } finally {
    process.off("SIGINT", end);
    process.off("SIGTERM", end);
  }
}
