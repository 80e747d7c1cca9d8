import type { AppPreset } from "../apps.ts";

/**
 * https://hub.docker.com/_/mariadb and https://hub.docker.com/_/mysql;
 * https://dev.mysql.com/doc/refman/8.4/en/host-cache.html (who is refused after connection errors);
 * https://mariadb.com/kb/en/server-system-variables/#max_connect_errors.
 */
export const mysql: AppPreset = {
  title: "MySQL and MariaDB",
  reason:
    "It greets whoever connects, once it has recovered; while the images set it up for the first time it listens on a local socket only. Wakegate begins a session as a user that it denies: who leaves after the greeting is counted as an error, and refused after a hundred of them. Everything is written to disk when it is asked to stop: a large buffer pool needs longer than ten seconds for that.",
  options: {
    port: 3306,
    stop_timeout: "90s",
    readiness: { kind: "mysql" },
  },
};
