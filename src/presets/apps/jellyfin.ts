import type { AppPreset } from "../apps.ts";

/** https://jellyfin.org, and its sources: `/health` (Jellyfin.Server/Startup.cs), `/Sessions`, POST `/Sessions/Playing/Progress`. */
export const jellyfin: AppPreset = {
  title: "Jellyfin",
  reason:
    "`/health` answers 200 once the server and its database are up; the image checks it too. Dashboards ask for sessions, counts and system information at intervals: that is no use. Players report their progress with POST, which counts.",
  options: {
    port: 8096,
    idle_timeout: "30m",
    readiness: { kind: "http", path: "/health", status: "200" },
    rules: {
      health: { match: { paths: ["/health"] }, wakes: false },
      dashboards: {
        match: {
          methods: ["GET"],
          paths: ["/Sessions", "/System/Info", "/System/Info/Public", "/System/Ping", "/Items/Counts"],
        },
        counts: false,
      },
    },
  },
};
