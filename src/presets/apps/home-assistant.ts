import type { AppPreset } from "../apps.ts";

/** https://www.home-assistant.io, and its sources: `/manifest.json` needs no sign-in (components/frontend/__init__.py). */
export const homeAssistant: AppPreset = {
  title: "Home Assistant",
  reason:
    "Automations, histories and devices need it all the time, and nobody asks for a page when a sensor reports. So it is woken, never put to sleep.",
  warning:
    "Home Assistant runs automations and records sensors without any visitor: keep it awake. The preset sets idle_timeout: never; with another one automations stop while it sleeps",
  options: {
    port: 8123,
    idle_timeout: "never",
    readiness: { kind: "http", path: "/manifest.json", status: "200" },
  },
};
