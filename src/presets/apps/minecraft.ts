import type { AppPreset } from "../apps.ts";

/** https://docker-minecraft-server.readthedocs.io */
export const minecraft: AppPreset = {
  title: "Minecraft server",
  reason:
    "The image's own health command proves readiness: a world takes minutes to load. It is stopped, never paused: after a pause the server's watchdog takes the lost time for a crash. A world needs time to be saved.",
  options: {
    port: 25_565,
    idle_timeout: "30m",
    wake_timeout: "10m",
    stop_method: "stop",
    stop_timeout: "2m",
    readiness: { kind: "healthcheck" },
  },
};
