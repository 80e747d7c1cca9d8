import type { AppPreset } from "../apps.ts";

/** https://hub.docker.com/_/redis, and Valkey; https://redis.io/docs/latest/commands/shutdown (saves first). */
export const redis: AppPreset = {
  title: "Redis and Valkey",
  reason:
    "It listens at once, and answers LOADING while it reads its data: readiness is its answer to PING. It saves its data when asked to stop: a large one needs longer than ten seconds for that. Without save points or an append-only file whatever it holds is lost with each stop, as with any restart.",
  options: {
    port: 6379,
    stop_timeout: "60s",
    readiness: { kind: "redis" },
  },
};
