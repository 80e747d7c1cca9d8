import type { AppPreset } from "../apps.ts";

/**
 * https://docs.nextcloud.com, desktop client, "Configuration file": remotePollInterval 30 s, notificationRefreshInterval
 * 1 min. Open tabs, by the sources: `/csrftoken` (server, core/src/session-heartbeat), `apps/user_status/api/v1/heartbeat`
 * (server, apps/user_status), `apps/notifications/api/v2/notifications` (nextcloud/notifications). Client Push listens
 * below `/push/` (nextcloud/notify_push, README), and clients go on asking now and then without it.
 */
export const nextcloud: AppPreset = {
  title: "Nextcloud",
  reason:
    "`/status.php` answers as soon as PHP does. The desktop client asks every 30 s whether anything changed (PROPFIND, `/status.php`, notifications): on a server that sleeps nothing changes, so these neither wake nor count. An open tab's heartbeats and notifications do not count. With Client Push (notify_push) clients hold a WebSocket open all day, for news only: it neither wakes nor counts.",
  options: {
    idle_timeout: "30m",
    readiness: { kind: "http", path: "/status.php", status: "200" },
    rules: {
      "desktop-polls": {
        match: {
          methods: ["GET", "HEAD", "PROPFIND"],
          user_agents: ["*mirall*"],
          paths: ["/status.php", "/remote.php/dav/files/*", "/remote.php/webdav*", "/ocs/*"],
        },
        wakes: false,
      },
      push: { match: { paths: ["/push/*"] }, wakes: false },
      status: { match: { paths: ["/status.php"] }, counts: false },
      "open-tab": {
        match: {
          paths: [
            "/ocs/v2.php/apps/notifications/*",
            "/ocs/v2.php/apps/user_status/*",
            "/index.php/csrftoken",
            "/csrftoken",
          ],
        },
        counts: false,
      },
      cron: { match: { paths: ["/cron.php"] }, counts: false },
    },
  },
};
