import { bad, good, type Parsed } from "./parsed.ts";

/** The parts of a Redis URL. */
export interface RedisUrl {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
}

/** Reads `redis://[user:password@]host[:port][/database]`, or `rediss://`. No message repeats what was written. */
export function parseRedisUrl(text: string): Parsed<RedisUrl> {
  const written = text.trim();
  if (written.startsWith("unix:")) return bad("sockets are not spoken here: write redis://host:6379");
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (!url || (url.protocol !== "redis:" && url.protocol !== "rediss:") || url.hostname === "")
    return bad("expected redis://host:6379, or rediss://host:6379 for TLS");
  if (url.search || url.hash) return bad("expected a URL without query and fragment");
  const path = /^\/?(\d{0,5})$/.exec(url.pathname);
  if (!path) return bad("expected a number as path, the database: redis://host:6379/2");
  const username = decoded(url.username);
  const password = decoded(url.password);
  if (username === undefined || password === undefined)
    return bad(
      "user or password are not well encoded: write special characters as %XX, or use password_file",
    );
  return good({
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? 6379 : Number(url.port),
    tls: url.protocol === "rediss:",
    database: Number(path[1] ?? "0"),
    ...(username !== "" && { username }),
    ...(password !== "" && { password }),
  });
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
