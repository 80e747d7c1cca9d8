import type { AppPreset } from "../apps.ts";

/**
 * https://github.com/dani-garcia/vaultwarden: docker/healthcheck.sh asks `/alive`; the wiki's "Enabling WebSocket
 * notifications" says what the hub is for. Clients go on trying where it is blocked (issue 3975).
 */
export const vaultwarden: AppPreset = {
  title: "Vaultwarden",
  reason:
    "`/alive` answers when the database does; the image checks it too. Extensions and apps hold a notification socket open all day and ask at intervals whether the vault changed: they keep a copy and work without the server, so neither wakes nor counts. Sign-in, sync and every change do both. It wakes in less than a second.",
  options: {
    port: 80,
    readiness: { kind: "http", path: "/alive", status: "200" },
    rules: {
      health: { match: { paths: ["/alive", "/api/alive"] }, wakes: false },
      notifications: {
        match: { paths: ["/notifications/hub*", "/notifications/anonymous-hub*"] },
        wakes: false,
      },
      "revision-polls": {
        match: { methods: ["GET"], paths: ["/api/accounts/revision-date", "/api/config"] },
        counts: false,
      },
    },
  },
};
