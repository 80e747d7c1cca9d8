import type { AppPreset } from "../apps.ts";

/** https://docs.n8n.io, "Monitor n8n": `/healthz`, `/healthz/readiness` (database connected and migrated), `/metrics`. */
export const n8n: AppPreset = {
  title: "n8n",
  reason:
    "`/healthz/readiness` answers 200 when the database is connected and migrated. Webhooks wake it and are held until it answers; health and metrics do not.",
  warning:
    "n8n runs no scheduled workflow while it sleeps, and triggers that poll miss their turn: let it sleep only where webhooks and people start the work",
  options: {
    port: 5678,
    idle_timeout: "30m",
    readiness: { kind: "http", path: "/healthz/readiness", status: "200" },
    rules: { health: { match: { paths: ["/healthz*", "/metrics"] }, wakes: false } },
  },
};
