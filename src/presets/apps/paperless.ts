import type { AppPreset } from "../apps.ts";

/** https://docs.paperless-ngx.com, and its sources: a tab's WebSocket `/ws/status/`, `/api/tasks/` (src-ui/src/app/services). */
export const paperless: AppPreset = {
  title: "Paperless-ngx",
  reason:
    "The page itself proves readiness, as in the image's own check. An open tab listens for news of tasks and asks for tasks and statistics: no use. Documents are read for minutes after an upload: hence the longer idle time.",
  warning:
    "Paperless fetches no mail and watches no folder while it sleeps: what is put there waits for the next visit",
  options: {
    port: 8000,
    idle_timeout: "30m",
    wake_timeout: "5m",
    rules: {
      "open-tab": {
        match: {
          methods: ["GET"],
          paths: [
            "/ws/status*",
            "/api/tasks/*",
            "/api/statistics/*",
            "/api/remote_version/*",
            "/api/status/*",
          ],
        },
        counts: false,
      },
    },
  },
};
