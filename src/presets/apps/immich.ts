import type { AppPreset } from "../apps.ts";

/** https://immich.app: server/bin/immich-healthcheck asks `/api/server/ping`; dashboards `/api/server/statistics`. */
export const immich: AppPreset = {
  title: "Immich",
  reason:
    "`/api/server/ping` answers once the server is up; the image checks it too. Phones ask it to find the address that works, so it may wake, but alone it is no use. After an upload thumbnails and recognition run for a while: hence the longer idle time.",
  options: {
    port: 2283,
    idle_timeout: "30m",
    readiness: { kind: "http", path: "/api/server/ping", status: "200" },
    rules: {
      ping: {
        match: {
          methods: ["GET"],
          paths: ["/api/server/ping", "/api/server/version", "/api/server/statistics"],
        },
        counts: false,
      },
    },
  },
};
