import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiSettings, ApiToken } from "../../config/model/api.ts";
import { hashToken, parseToken } from "../../config/schema/api.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../lib/log.ts";

const FILE = "api-token.sha256";

/** A random token of 256 bits, with a prefix by which secret scanners know it. */
export function makeToken(): string {
  return `wkg_${randomBytes(32).toString("base64url")}`;
}

/**
 * All tokens that count: those of the settings, of the token file, and the one that the container image made.
 * When there is none and `makeToken` is set, one is made, its hash is kept in the state folder, and the token is
 * printed this once. A file that cannot be read is said in the log and counts as a token that nobody has, so
 * that a slip never opens the API.
 */
export async function loadTokens(
  settings: ApiSettings,
  stateDir: string,
  log: Log,
): Promise<readonly ApiToken[]> {
  const tokens = [...settings.tokens];
  if (settings.tokenFile !== undefined) tokens.push(...(await readTokenFile(settings.tokenFile, log)));
  if (!settings.makeToken || tokens.length > 0) return tokens;
  return [await madeToken(stateDir, log)];
}

async function readTokenFile(path: string, log: Log): Promise<readonly ApiToken[]> {
  try {
    const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.trim());
    const written = lines.filter((line) => line !== "" && !line.startsWith("#"));
    const tokens = written.flatMap((line) => parseToken(line) ?? []);
    if (tokens.length < written.length) {
      log.error(
        "api_token_unusable",
        `${path} has ${String(written.length - tokens.length)} lines that are no token: each needs 16 characters or more, without spaces`,
      );
    }
    return tokens.length > 0 ? tokens : [NOBODYS];
  } catch (error) {
    log.error(
      "api_token_file_unreadable",
      `The token file cannot be read: ${messageOf(error)}. Until it can, no token of it is accepted.`,
    );
    return [NOBODYS];
  }
}

async function madeToken(stateDir: string, log: Log): Promise<ApiToken> {
  const path = join(stateDir, FILE);
  try {
    const present = parseToken(await readFile(path, "utf8"));
    if (present) return present;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      log.error("api_token_file_unreadable", `The API's token cannot be read: ${messageOf(error)}.`);
      return NOBODYS;
    }
  }
  const token = makeToken();
  const hash = hashToken(token);
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    await writeFile(path, `sha256:${hash}\n`, { mode: 0o600 });
  } catch (error) {
    log.error("api_token_unsaved", `The API's token cannot be kept: ${messageOf(error)}.`);
  }
  log.warn(
    "api_token_made",
    `The admin token of the API and the dashboard is ${token}  It is not shown again. To have another one, remove ${path} and restart.`,
  );
  return { hash, access: "admin" };
}

/** The hash of nothing that anybody could know. */
const NOBODYS: ApiToken = { hash: hashToken(randomBytes(32).toString("hex")), access: "read" };
