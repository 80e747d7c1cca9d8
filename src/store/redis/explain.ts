import type { RedisStoreSettings } from "../../config/model/store.ts";
import { messageOf } from "../../errors.ts";

/** What went wrong with Redis, as a sentence that says what to do. Never holds a secret. Pure. */
export function explainRedis(
  error: unknown,
  {
    host,
    port,
    tls,
    password,
    username,
  }: Pick<RedisStoreSettings, "host" | "port" | "tls" | "password" | "username">,
): string {
  const place = `Redis at ${host}:${String(port)}`;
  const text = messageOf(error) || codeOf(error) || "unknown error";
  const who = username === undefined ? "" : ` for user ${username}`;
  if (text.startsWith("WRONGPASS") || /invalid password/i.test(text))
    return `${place} refuses the password${who}: check store.redis.username and store.redis.password_file`;
  if (text.startsWith("NOAUTH"))
    return `${place} wants a password${password ? ", and forgot the one that was given" : ""}: set store.redis.password_file`;
  if (/called without any password configured/.test(text))
    return `${place} has no password set, but one was given: remove it, or set requirepass there`;
  if (text.startsWith("NOPERM"))
    return `${place} does not let the user do what is needed (${text}): see the guide to several Wakegates for the rights`;
  if (text.startsWith("READONLY"))
    return `${place} is a replica that takes no writes: name the primary in store.redis.url`;
  if (text.startsWith("OOM"))
    return `${place} has no memory left: raise maxmemory, or give Wakegate a Redis of its own`;
  if (text.startsWith("LOADING")) return `${place} is still reading its data`;
  if (text.startsWith("ERR DB index"))
    return `${place} has no such database: correct the number at the end of store.redis.url`;
  if (codeOf(error) === "ENOENT") return `a file of store.redis cannot be read: ${text}`;
  if (/certificate|self.signed|altname/i.test(text))
    return `${place} is not trusted (${text}): set store.redis.ca_file, or correct the host in store.redis.url`;
  if (/wrong version number|packet length too long|EPROTO/i.test(text))
    return `${place} does not speak TLS: write redis:// in store.redis.url`;
  if (/socket closed|ECONNRESET|closed unexpectedly/i.test(text))
    return `${place} closed the connection${tls ? "" : "; should it want TLS, write rediss:// in store.redis.url"}`;
  return `${place} does not answer (${text})${tls ? "; should it not speak TLS, write redis:// in store.redis.url" : ""}`;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
