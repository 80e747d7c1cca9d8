import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { readLocalToken } from "../../admin/auth/token-store.ts";
import type { Loaded } from "../../config/load.ts";
import { formatListenAddress } from "../../config/values/listen-address.ts";
import { messageOf, WakegateError } from "../../errors.ts";
import { systemClock } from "../../lib/clock.ts";
import { createClient, type RemoteClient } from "./client.ts";

/** For `util.parseArgs`: which Wakegate a command talks to, and as whom. */
export const REMOTE_ARGS = {
  url: { type: "string" },
  "token-file": { type: "string" },
  state: { type: "string" },
  config: { type: "string" },
} as const;

/** The same for the help. */
export const REMOTE_HELP = [
  [
    "--url URL",
    "internal listener of the Wakegate (default: $WAKEGATE_URL, else the one that the configuration names)",
  ],
  [
    "--token-file FILE",
    "file with the API's token (default: $WAKEGATE_TOKEN, else on this host the one in the state folder)",
  ],
  [
    "--state FOLDER",
    "state folder of the Wakegate on this host (default: the one that the configuration names)",
  ],
  ["--config FILE", "its configuration file (default: $WAKEGATE_CONFIG, else none)"],
] as const;

/** What was given on the command line. */
export interface RemoteValues {
  readonly url?: string;
  readonly "token-file"?: string;
  readonly state?: string;
  readonly config?: string;
}

/**
 * A client for the given options. Address and state folder that are not given are read from the configuration of
 * this host. The token in the state folder is sent to loopback addresses alone: it is no other machine's business.
 *
 * @param limitMs how long one question may take. Default: 15 s.
 * @throws WakegateError `usage` for an address that is none, or a token file that cannot be read.
 */
export async function remoteClient(
  values: RemoteValues,
  { limitMs }: { readonly limitMs?: number } = {},
): Promise<RemoteClient> {
  const { env } = process;
  let reading: Promise<Loaded> | undefined;
  const loaded = (): Promise<Loaded> => (reading ??= loadFor(values));
  const written = values.url ?? (env["WAKEGATE_URL"] || (await ownUrl(loaded)));
  const url = parseUrl(written);
  const given = values["token-file"] === undefined ? env["WAKEGATE_TOKEN"] : readToken(values["token-file"]);
  const token = given ? { token: given } : isLoopback(url.hostname) ? await localToken(values, loaded) : {};
  return createClient({
    url,
    ...token,
    clock: systemClock,
    ...(limitMs !== undefined && { limitMs }),
  });
}

/**
 * The state folder of the Wakegate on this host: the given one, else the one of its configuration.
 *
 * @throws WakegateError `config_invalid` when the configuration that names it has errors.
 */
export async function stateFolder(
  values: RemoteValues,
  loaded: () => Promise<Loaded> = () => loadFor(values),
): Promise<string> {
  if (values.state !== undefined) return resolve(values.state);
  const found = await loaded();
  const places = "settings" in found ? found.settings : found.places;
  if (places) return places.stateDir;
  throw new WakegateError(
    "config_invalid",
    "The configuration has errors (wakegate check lists them), so it does not say which state folder is in use. Name it with --state.",
  );
}

/** The code that reads configurations is loaded only where one is needed. */
async function loadFor({ config }: RemoteValues): Promise<Loaded> {
  const { loadSettings } = await import("../../config/load.ts");
  return await loadSettings(config === undefined ? {} : { file: config });
}

async function ownUrl(loaded: () => Promise<Loaded>): Promise<string> {
  const found = await loaded();
  const places = "settings" in found ? found.settings : found.places;
  if (!places) return "http://127.0.0.1:9190";
  const { host, port } = places.listen;
  const everywhere = host === "0.0.0.0" || host === "::";
  return `http://${formatListenAddress({ host: everywhere ? "127.0.0.1" : host, port })}`;
}

/** The token in the state folder, or why there is none to send. */
async function localToken(
  values: RemoteValues,
  loaded: () => Promise<Loaded>,
): Promise<{ readonly token: string } | { readonly missing: string }> {
  try {
    const folder = await stateFolder(values, loaded);
    const token = await readLocalToken(folder);
    return token === undefined
      ? {
          missing: `There is no token in the state folder ${folder}; name the right one with --state or --config.`,
        }
      : { token };
  } catch (error) {
    return { missing: `The token in the state folder cannot be read: ${messageOf(error)}.` };
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
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
