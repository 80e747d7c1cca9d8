import type { TraefikSettings } from "../../config/model/traefik.ts";
import type { Check } from "../check.ts";
import type { Fix } from "../finding.ts";
import { placesOf, type Places } from "../places.ts";

/** Traefik asks every 5 s; a few may get lost. */
const RECENT_MS = 60_000;

/** Does Traefik fetch the configuration that Wakegate makes for it? */
export const traefikPoll: Check = {
  id: "traefik-provider",
  title: "Traefik provider",
  layer: "proxy",
  judge(scene) {
    const { settings, traefikPoll: last, uptimeMs = 0, at, mode } = scene;
    const { traefik } = settings;
    if (!traefik) return [];
    const fix = [flags(traefik, placesOf(scene))];
    if (mode === "alone")
      return [{ level: "skipped", sentence: "Whether Traefik asks is known to the running Wakegate alone." }];
    if (!last) {
      if (uptimeMs < RECENT_MS)
        return [
          { level: "skipped", sentence: "Traefik has not asked yet; Wakegate runs for less than a minute." },
        ];
      const sentence = "Traefik has never asked for Wakegate's configuration: what sleeps has no route.";
      return [{ level: "problem", sentence, fix }];
    }
    const ago = Math.max(0, at - last.at);
    const when = `${String(Math.round(ago / 1_000))} s ago, by ${last.peer}`;
    if (last.status === 401) {
      const sentence = `Traefik asks with another token than publish.traefik.token, and gets 401 (last ${when}).`;
      return [{ level: "problem", sentence, fix }];
    }
    if (last.status !== 200 && last.status !== 503) {
      const sentence = `Traefik's question was refused with ${String(last.status)} (${when}).`;
      return [{ level: "problem", sentence, fix }];
    }
    if (ago > RECENT_MS) {
      const sentence = `Traefik has stopped asking for Wakegate's configuration: last ${when}.`;
      return [{ level: "warning", sentence, fix }];
    }
    return [{ level: "ok", sentence: `Traefik fetches Wakegate's configuration: last ${when}.` }];
  },
};

/** Secrets are named, never shown. */
function flags({ token }: TraefikSettings, { internal }: Places): Fix {
  return token === undefined
    ? {
        where: "Traefik's command (2.11)",
        lines: `--providers.http.endpoint=http://${internal}/api/traefik/config/<publish.traefik.secret_path>`,
      }
    : {
        where: "Traefik's command",
        lines: `--providers.http.endpoint=http://${internal}/api/traefik/config\n--providers.http.headers.Authorization=Bearer <publish.traefik.token>`,
      };
}
