import type * as z from "zod";
import type { IssuePlaces } from "./file/issues.ts";
import type { FileTarget, Problem } from "./model.ts";
import type { SecretSource } from "./model/engine.ts";
import type { RedisStoreSettings } from "./model/store.ts";
import type { storeSchema } from "./schema/store.ts";
import { parseRedisUrl } from "./values/redis-url.ts";

type Layer = z.output<typeof storeSchema>;

const LEASE_MS = 10_000;
const SHORTEST_MS = 1_000;
const LOST_GRACE_MS = 60_000;

/** Completes the settings; unset where this Wakegate is alone. */
export function toRedisStore(layer: Layer | undefined): RedisStoreSettings | undefined {
  const redis = layer?.redis;
  if (redis?.url === undefined) return undefined;
  const url = parseRedisUrl(redis.url);
  if (!url.ok) return undefined;
  const { username, password, ...where } = url.value;
  const user = redis.username ?? username;
  const secret = secretOf(redis.password ?? password, redis.password_file);
  return {
    ...where,
    ...(user !== undefined && { username: user }),
    ...(secret && { password: secret }),
    ...(redis.ca_file !== undefined && { caFile: redis.ca_file }),
    ...(redis.name !== undefined && { name: redis.name }),
    cluster: redis.cluster ?? "default",
    leaseMs: redis.lease ?? LEASE_MS,
    lostGraceMs: redis.lost_grace ?? LOST_GRACE_MS,
  };
}

/** What does not fit together. Never tells what is written: it may be a secret. */
export function checkStore(
  layer: Layer | undefined,
  places: IssuePlaces,
  targets: readonly FileTarget[],
): readonly Problem[] {
  const redis = layer?.redis;
  if (!redis) return [];
  const problem = (path: readonly string[], message: string): Problem => ({
    severity: "error",
    where: places.where(path),
    key: places.keyName?.(path) ?? path.join("."),
    message,
  });
  const report = (key: string, message: string): Problem => problem(["store", "redis", key], message);
  const { password, password_file: file, ca_file: ca, username } = redis;
  const url = redis.url === undefined ? undefined : parseRedisUrl(redis.url);
  const inUrl = url?.ok === true ? url.value : undefined;
  return [
    ...(url === undefined
      ? [problem(["store", "redis"], "has no url: add redis://host:6379, or remove the group")]
      : url.ok
        ? []
        : [report("url", url.message)]),
    ...(password === null ? [report("password", "is empty: write the password, or remove the key")] : []),
    ...(password !== undefined && file !== undefined
      ? [report("password", "there is password_file as well: keep one of them")]
      : []),
    ...(inUrl?.password !== undefined && (password !== undefined || file !== undefined)
      ? [report("url", "holds a password, and there is another key for it as well: keep one of them")]
      : []),
    ...(inUrl?.username !== undefined && username !== undefined && inUrl.username !== username
      ? [report("username", "is another user than the one in url: keep one of them")]
      : []),
    ...(ca !== undefined && inUrl?.tls === false
      ? [report("ca_file", "is of no use without TLS: write rediss:// in url, or remove the key")]
      : []),
    ...(["lease", "lost_grace"] as const).flatMap((name) =>
      (redis[name] ?? SHORTEST_MS) < SHORTEST_MS
        ? [report(name, "expected one second at least: a busy machine is silent for that long at times")]
        : [],
    ),
    ...targets
      .filter(({ layer: target }) => target.process !== undefined)
      .map(({ name }) =>
        problem(
          ["targets", name, "process"],
          "a program is a child of one Wakegate, and store.redis says that there are several: run it as a container, or without store.redis",
        ),
      ),
  ];
}

function secretOf(text: string | null | undefined, file: string | undefined): SecretSource | undefined {
  if (file !== undefined) return { file };
  return typeof text === "string" ? { text } : undefined;
}
