import type { AppPreset } from "../apps.ts";

const shared = {
  reason:
    "`/api/healthz` answers 200 when database and cache do. An open tab listens for notifications, and runners ask for work every few seconds: neither wakes nor counts, since work comes into being with a push, which does. Git over SSH does not pass the proxy.",
  options: {
    port: 3000,
    readiness: { kind: "http", path: "/api/healthz", status: "200" },
    rules: {
      health: { match: { paths: ["/api/healthz", "/metrics"] }, wakes: false },
      "open-tab": {
        match: {
          methods: ["GET"],
          paths: ["/user/events", "/-/ws", "/notifications/new", "/user/stopwatches"],
        },
        wakes: false,
      },
      runners: { match: { paths: ["/api/actions/*/FetchTask", "/api/actions/*/Declare"] }, wakes: false },
    },
  },
} satisfies Omit<AppPreset, "title">;

/**
 * https://about.gitea.com, and its sources: a tab listens on `/-/ws` (before that on `/user/events`) and falls back to
 * asking for `/notifications/new` (web_src/js/modules/worker.ts, features/notification.ts); runners call
 * `/api/actions/runner.v1.RunnerService/FetchTask`.
 */
export const gitea: AppPreset = { title: "Gitea", ...shared };

/** https://forgejo.org, which has kept Gitea's paths. */
export const forgejo: AppPreset = { title: "Forgejo", ...shared };
