import type { Check } from "../check.ts";

/** Does Wakegate itself run? Without it nothing wakes, and the proxy cannot be probed. */
export const wakegateRuns: Check = {
  id: "service",
  title: "Wakegate",
  layer: "wakegate",
  judge({ mode, serviceDown, uptimeMs = 0 }) {
    if (mode === "service") {
      const sentence = "Wakegate runs and answers.";
      return [{ level: "ok", sentence, evidence: [`up for ${String(Math.round(uptimeMs / 1_000))} s`] }];
    }
    if (serviceDown === undefined)
      return [{ level: "skipped", sentence: "The running Wakegate was not asked, as you wished." }];
    return [
      {
        level: "problem",
        sentence:
          "Wakegate does not answer, so nothing wakes and the proxy was not asked. All else was looked at from here, by the configuration.",
        evidence: [serviceDown],
        fix: [
          {
            where: "in a shell, where Compose runs it",
            lines: "docker compose up -d wakegate && docker compose logs --tail 20 wakegate",
          },
          { where: "in a shell, where systemd runs it", lines: "systemctl status wakegate" },
        ],
      },
    ];
  },
};
