import type { AppPreset } from "../apps.ts";

/** https://hub.docker.com/_/postgres; error 57P03 (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
export const postgres: AppPreset = {
  title: "PostgreSQL",
  reason:
    "It is asked to begin a session: while it recovers after a crash its port is open, but it answers that it is starting up. While it sets itself up for the first time it listens on a local socket only. The image's own stop signal ends sessions and writes everything; a large database needs longer than ten seconds for that.",
  options: {
    port: 5432,
    stop_timeout: "90s",
    readiness: { kind: "postgres" },
  },
};
