import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of the test's own that goes away with it. */
export interface TempFolder extends AsyncDisposable {
  readonly path: string;
}

/** Creates a {@link TempFolder}; `what` is part of its name. */
export async function tempFolder(what: string): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), `wakegate-${what}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}
