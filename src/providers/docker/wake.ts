import { ProviderError, type Instance } from "../provider.ts";
import { isConflict, isNotModified, type Connection } from "./connection.ts";
import { inspect } from "./inspect.ts";
import { checkReference } from "./reference.ts";

/**
 * Starts a container, or unpauses a paused one. The status given may be old: where the engine says that it
 * does not fit, the present one decides.
 */
export async function wake(
  connection: Connection,
  { id, status }: Pick<Instance, "id" | "status">,
  signal: AbortSignal,
): Promise<void> {
  checkReference(connection.engine, id);
  try {
    await (status === "paused" ? unpause(connection, id, signal) : start(connection, id, signal));
  } catch (error) {
    if (isNotModified(error)) return;
    // Old engines answer 500, not 409, to the unpausing of what is not paused.
    if (!isConflict(error) && status !== "paused") throw error;
    await wakeAsItIs(connection, id, error, signal);
  }
}

async function wakeAsItIs(
  connection: Connection,
  id: string,
  error: unknown,
  signal: AbortSignal,
): Promise<void> {
  const now = await inspect(connection, id, signal);
  switch (now?.status) {
    case "running":
    case "restarting":
      return;
    case "paused":
      return unpause(connection, id, signal);
    case "created":
    case "exited":
      return start(connection, id, signal).catch((error: unknown) => {
        if (!isNotModified(error)) throw error;
      });
    case "dead":
    case "removing": {
      const message = `engine ${connection.engine}: ${now.name} is ${now.status} and cannot be started: remove it and create it again`;
      throw new ProviderError("engine_failed", connection.engine, message, { cause: error });
    }
    case undefined:
      throw error;
  }
}

async function start(connection: Connection, id: string, signal: AbortSignal): Promise<void> {
  try {
    // Without a body: engines refuse one here.
    await connection.call("start", signal, (docker, abortSignal) =>
      docker.getContainer(id).start({ abortSignal }),
    );
  } catch (error) {
    // A network or an executable that is missing is a 404 too, of an instance that exists.
    if (
      error instanceof ProviderError &&
      error.code === "not_found" &&
      !/no such container/i.test(error.message)
    ) {
      throw new ProviderError("engine_failed", error.engine, error.message, { cause: error.cause });
    }
    throw error;
  }
}

/** @throws ProviderError for every failure. */
export async function unpause(connection: Connection, id: string, signal: AbortSignal): Promise<void> {
  await connection.call("unpause", signal, (docker, abortSignal) =>
    docker.getContainer(id).unpause({ abortSignal }),
  );
}
