import type { AppPreset } from "../apps.ts";

/** https://hub.docker.com/_/postgres */
export const postgres: AppPreset = {
  title: "PostgreSQL",
  reason:
    "It opens its port when it can take connections; while it sets itself up for the first time it listens on a local socket only. The image's own stop signal ends sessions and writes everything; a large database needs longer than ten seconds for that.",
  options: {
    port: 5432,
    stop_timeout: "90s",
    readiness: { kind: "tcp" },
  },
};
