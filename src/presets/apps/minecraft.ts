import type { AppPreset } from "../apps.ts";

/** https://docker-minecraft-server.readthedocs.io: health checks; auto-pause, which asks for MAX_TICK_TIME=-1 for the same reason. */
export const minecraft: AppPreset = {
  title: "Minecraft server",
  reason:
    "The server's own status answer proves readiness, as in the image's health check: a world takes minutes to load. It is stopped, never paused: after a pause the server's watchdog takes the lost time for a crash. A world needs time to be saved.",
  options: {
    port: 25_565,
    idle_timeout: "30m",
    wake_timeout: "10m",
    stop_method: "stop",
    stop_timeout: "2m",
    stream: { protocol: "minecraft" },
    readiness: { kind: "minecraft" },
  },
};
