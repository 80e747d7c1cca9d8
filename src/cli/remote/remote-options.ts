import { readFileSync } from "node:fs";
import { messageOf, WakegateError } from "../../errors.ts";
import { systemClock } from "../../lib/clock.ts";
import { createClient, type RemoteClient } from "./client.ts";

/** For `util.parseArgs`: how every command that talks to a Wakegate is told which one. */
export const REMOTE_ARGS = { url: { type: "string" }, "token-file": { type: "string" } } as const;

/** The same for the help. */
export const REMOTE_HELP = [
  ["--url URL", "internal listener of the Wakegate (default: $WAKEGATE_URL, else http://127.0.0.1:9190)"],
  ["--token-file FILE", "file with the API's token (default: $WAKEGATE_TOKEN, else none)"],
] as const;

/** What was given on the command line. */
export interface RemoteValues {
  readonly url?: string;
  readonly "token-file"?: string;
}

/**
 * A client for what was given. `fallback` is the address where none was.
 *
 * @throws WakegateError `usage` for an address that is none, or a token file that cannot be read.
 */
export function remoteClient(
  values: RemoteValues,
  {
    fallback = "http://127.0.0.1:9190",
    limitMs,
  }: { readonly fallback?: string; readonly limitMs?: number } = {},
): RemoteClient {
  const { env } = process;
  const written = values.url ?? (env["WAKEGATE_URL"] || fallback);
  const token = values["token-file"] === undefined ? env["WAKEGATE_TOKEN"] : readToken(values["token-file"]);
  return createClient({
    url: parseUrl(written),
    ...(token !== undefined && token !== "" && { token }),
    clock: systemClock,
    ...(limitMs !== undefined && { limitMs }),
  });
}

function parseUrl(written: string): URL {
  const full = /^https?:\/\//.test(written) ? written : `http://${written}`;
  try {
    return new URL(full);
  } catch {
    throw new WakegateError("usage", `"${written}" is no address such as http://127.0.0.1:9190`);
  }
}

function readToken(file: string): string {
  try {
    const line = readFileSync(file, "utf8")
      .split("\n")
      .map((each) => each.trim())
      .find((each) => each !== "" && !each.startsWith("#"));
    return line ?? "";
  } catch (error) {
    throw new WakegateError("usage", `the token file cannot be read: ${messageOf(error)}`);
  }
}
