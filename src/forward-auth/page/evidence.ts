import type { Live } from "../../../templates/live.js";
import type { PageOptions } from "../../config/model.ts";
import type { FaceContext } from "./faces.ts";
import { evidenceText, logText } from "./reasons.ts";
import { moment } from "./time.ts";
import type { Evidence } from "./view.ts";

/** The box of facts below the steps. Only for those who may see details. */
export function evidenceOf(context: FaceContext, options: PageOptions): Evidence | undefined {
  const { progress, now, copy, words } = context;
  const logLabel = copy["evidence.log"];
  if (progress.phase === "error" && progress.failure) {
    const at = moment(progress.failure.at);
    const log = options.logs ? logText(progress.failure.log) : undefined;
    const when: Live = {
      text: copy["evidence.whenAgo"],
      at: at ?? now,
      as: "s",
      ms: Math.max(0, now - (at ?? now)),
      zero: "{at}",
    };
    return {
      rows: [
        [copy["evidence.reason"], evidenceText(progress.failure, copy, words)],
        ...(at === undefined ? [] : [[copy["evidence.when"], when] as const]),
      ],
      ...(log === undefined ? {} : { log }),
      logLabel,
    };
  }
  if (progress.phase !== "napping" || !progress.mayNotWake) return undefined;
  const why = progress.mayNotWake;
  const rule = (why.kind === "hold" ? why.reason : why.kind === "start_endpoint" ? "" : why.rule).trim();
  const since = moment(progress.asleepSince);
  const rows: Evidence["rows"] = [
    ...(rule === "" ? [] : [[copy["evidence.rule"], rule] as const]),
    ...(since === undefined
      ? []
      : [[copy["evidence.asleep"], { text: copy["evidence.since"], at: since, as: "since" }] as const]),
  ];
  return rows.length === 0 ? undefined : { rows, logLabel };
}
