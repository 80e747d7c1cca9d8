import type { Check } from "../check.ts";
import type { Found } from "../finding.ts";

/** Certificates, tokens and schedules stand a minute; more is a clock that nobody sets. */
const TOLERATED_MS = 60_000;

/** Do the clocks agree, and does a schedule mean the hours that its author meant? */
export const clocks: Check = {
  id: "clock",
  title: "Clock",
  layer: "wakegate",
  judge({ engines, proxy, targets, timeZone }) {
    const heard = [
      ...engines.flatMap(({ name, exam }) =>
        exam?.clockAheadMs === undefined ? [] : [[`engine ${name}`, exam.clockAheadMs] as const],
      ),
      ...(proxy.kind === "asked" ? proxy.probes.slice(0, 1) : []).flatMap(({ reply }) =>
        reply.kind === "answered" && reply.clockAheadMs !== undefined
          ? [["the proxy", reply.clockAheadMs] as const]
          : [],
      ),
    ];
    const found = heard.flatMap(([who, ahead]): Found[] =>
      Math.abs(ahead) <= TOLERATED_MS
        ? []
        : [
            {
              level: "warning",
              sentence: `The clock of ${who} is ${String(Math.round(Math.abs(ahead) / 1_000))} s ${ahead > 0 ? "ahead of" : "behind"} this one: schedules, pins and tokens go wrong.`,
              fix: [{ where: "in a shell, on both machines", lines: "sudo timedatectl set-ntp true" }],
            },
          ],
    );
    const zoneless = targets.filter(({ spec }) => spec.schedule && spec.schedule.timeZone === undefined);
    if (zoneless.length > 0 && timeZone === "UTC") {
      found.push({
        level: "warning",
        sentence: `The schedule of ${zoneless.map(({ spec }) => spec.name).join(", ")} is read in UTC, because no time zone is set.`,
        fix: [
          { where: "Wakegate's environment", lines: "TZ=Europe/Berlin" },
          { where: "or wakegate.yaml", lines: "defaults:\n  schedule:\n    time_zone: Europe/Berlin" },
        ],
      });
    }
    if (found.length > 0) return found;
    const sentence =
      heard.length === 0
        ? `There is no other clock to compare with. The time zone is ${timeZone}.`
        : `The clocks agree. The time zone is ${timeZone}.`;
    return [
      {
        level: "ok",
        sentence,
        evidence: heard.map(([who, ahead]) => `${who}: ${(ahead / 1_000).toFixed(0)} s ahead`),
      },
    ];
  },
};
