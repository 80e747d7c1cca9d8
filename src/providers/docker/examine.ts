import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ProviderError, type EngineExam } from "../provider.ts";
import type { Connection } from "./connection.ts";
import { rightOf, type Verb } from "./errors.ts";
import { openStream } from "./modem.ts";

/**
 * Asks for everything that Wakegate may ever ask of the engine, of a container that does not exist: "no such
 * container" means that it may, and nothing is touched.
 *
 * @throws ProviderError when the engine does not answer at all; the signal's reason on abort.
 */
export async function examine(connection: Connection, signal: AbortSignal): Promise<EngineExam> {
  const sent = connection.clock.now();
  const date = await answers(connection, signal);
  const nobody = `wakegate-doctor-${randomBytes(6).toString("hex")}`;
  const refused: EngineExam["refused"][number][] = [];
  for (const [verb, ask] of questions(connection, nobody)) {
    try {
      await ask(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ProviderError && error.code === "engine_forbidden")
        refused.push({ call: verb, grant: rightOf(verb) });
      // An answer that comes before the question was read to its end may cut the connection: is it still there?
      else if (error instanceof ProviderError && error.code === "engine_unreachable")
        await answers(connection, signal);
    }
  }
  return { refused, ...(date !== undefined && { clockAheadMs: date - sent }) };
}

/** The engine's own time, where it tells it. @throws ProviderError when the engine does not answer. */
function answers(connection: Connection, signal: AbortSignal): Promise<number | undefined> {
  return connection.call("version", signal, async (docker, abortSignal) => {
    const response = await openStream(docker, "/version", {}, abortSignal);
    response.destroy();
    return dateOf(response);
  });
}

type Work = Parameters<Connection["call"]>[2];

function questions(
  connection: Connection,
  nobody: string,
): readonly (readonly [Verb, (signal: AbortSignal) => Promise<unknown>])[] {
  const second = String(Math.floor(connection.clock.now() / 1_000));
  const ask = (verb: Verb, work: Work) =>
    [verb, (signal: AbortSignal) => connection.call(verb, signal, work)] as const;
  const read = (verb: Verb, path: string, query: Readonly<Record<string, unknown>>) =>
    ask(verb, async (docker, abortSignal) => (await openStream(docker, path, query, abortSignal)).destroy());
  const path = `/containers/${nobody}`;
  return [
    read("list", "/containers/json", { limit: 1 }),
    read("inspect", `${path}/json`, {}),
    read("events", "/events", { since: second, until: second }),
    ask("start", (docker, abortSignal) => docker.getContainer(nobody).start({ abortSignal })),
    ask("stop", (docker, abortSignal) => docker.getContainer(nobody).stop({ abortSignal })),
    ask("kill", (docker, abortSignal) => docker.getContainer(nobody).kill({ abortSignal })),
    ask("pause", (docker, abortSignal) => docker.getContainer(nobody).pause({ abortSignal })),
    ask("unpause", (docker, abortSignal) => docker.getContainer(nobody).unpause({ abortSignal })),
    read("usage", `${path}/stats`, { stream: false }),
    read("logs", `${path}/logs`, { stdout: true, tail: 1 }),
    ask("exec", (docker, abortSignal) => docker.getContainer(nobody).exec({ Cmd: ["true"], abortSignal })),
  ];
}

function dateOf({ headers }: IncomingMessage): number | undefined {
  const at = Date.parse(headers.date ?? "");
  // Whole seconds: the middle of the second is the best guess.
  return Number.isNaN(at) ? undefined : at + 500;
}
