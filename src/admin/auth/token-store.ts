import { randomBytes } from "node:crypto";
import { chmod, lstat, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiSettings, ApiToken } from "../../config/model/api.ts";
import { hashToken, parseToken } from "../../config/schema/api.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../lib/log.ts";

/** Name of the file in the state folder that holds this installation's own admin token in plain. */
export const LOCAL_TOKEN_FILE = "local-token";
/** Where the image used to keep the hash of a token that it printed once in its log. That token stays valid. */
const PRINTED_TOKEN_FILE = "api-token.sha256";
/** All bits that let anyone but the owner read or replace a file. */
const OTHERS = 0o077;

/** A random token of 256 bits, with a prefix by which secret scanners know it. */
export function makeToken(): string {
  return `wkg_${randomBytes(32).toString("base64url")}`;
}

/**
 * All tokens that are accepted: those of the settings, of the token file, the one that the image used to print
 * (only while no other is configured), and this installation's own, which is made when it is missing. A file that
 * cannot be read is logged, and no token of it is accepted.
 */
export async function loadTokens(
  settings: ApiSettings,
  stateDir: string,
  log: Log,
): Promise<readonly ApiToken[]> {
  const tokens = [...settings.tokens];
  if (settings.tokenFile !== undefined) tokens.push(...(await readTokenFile(settings.tokenFile, log)));
  if (tokens.length === 0 && settings.tokenFile === undefined)
    tokens.push(...(await printedToken(stateDir, log)));
  const own = await ensureLocalToken(stateDir, log);
  if (own !== undefined) tokens.push({ hash: hashToken(own), access: "admin", name: "this host" });
  return tokens;
}

/**
 * This installation's own admin token, in plain. Undefined when there is none: Wakegate never ran with this
 * state folder.
 *
 * @throws the file system's error when the file is there and cannot be read, such as EACCES.
 */
export async function readLocalToken(stateDir: string): Promise<string | undefined> {
  try {
    const token = (await readFile(join(stateDir, LOCAL_TOKEN_FILE), "utf8")).trim();
    return token === "" ? undefined : token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Reads the installation's own token, or makes one. A file that others could read or write may be known to them, so
 * it is replaced. Undefined (and logged) where the file cannot be kept to its owner: without it nobody gets in.
 */
async function ensureLocalToken(stateDir: string, log: Log): Promise<string | undefined> {
  const path = join(stateDir, LOCAL_TOKEN_FILE);
  try {
    const found = await ownersAlone(path);
    if (found === "yes") {
      const token = await readLocalToken(stateDir);
      if (token !== undefined && parseToken(token)?.access === "admin") return token;
    }
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    const token = makeToken();
    const draft = `${path}.${randomBytes(6).toString("hex")}`;
    try {
      await writeFile(draft, `${token}\n`, { mode: 0o600, flag: "wx" });
      await chmod(draft, 0o600);
      await rename(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
    // Only the mode: a network file system may name another owner than the one who wrote.
    if (((await lstat(path)).mode & OTHERS) === 0) {
      if (found === "no")
        log.warn(
          "local_token_replaced",
          `Other users could read or replace ${path}, so its token is no longer valid. A new one took its place.`,
        );
      return token;
    }
    await rm(path, { force: true });
    throw new Error("other users can read files there whatever their mode");
  } catch (error) {
    log.error(
      "local_token_unusable",
      `The token of this installation cannot be kept in ${path}: ${messageOf(error)}. The command line needs --token-file or WAKEGATE_TOKEN until it can.`,
    );
    return undefined;
  }
}

/** Whether a file is a plain file that its owner alone, who runs this process, may read or write. */
async function ownersAlone(path: string): Promise<"yes" | "no" | "missing"> {
  try {
    const found = await lstat(path);
    const mine = process.getuid === undefined || found.uid === process.getuid();
    return found.isFile() && mine && (found.mode & OTHERS) === 0 ? "yes" : "no";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "missing";
    throw error;
  }
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
    return tokens;
  } catch (error) {
    log.error(
      "api_token_file_unreadable",
      `The token file cannot be read: ${messageOf(error)}. Until it can, no token of it is accepted.`,
    );
    return [];
  }
}

async function printedToken(stateDir: string, log: Log): Promise<readonly ApiToken[]> {
  try {
    const token = parseToken(await readFile(join(stateDir, PRINTED_TOKEN_FILE), "utf8"));
    return token ? [token] : [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      log.error("api_token_file_unreadable", `The API's token cannot be read: ${messageOf(error)}.`);
    return [];
  }
}
