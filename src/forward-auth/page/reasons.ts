import type { Words } from "../../../templates/live.js";
import type { Failure } from "../../watchers/progress.ts";
import { portsText } from "../../watchers/readiness/silent-port.ts";
import type { Copy } from "./copy.ts";
import { fill } from "./copy.ts";
import { limit, sane } from "./time.ts";

/** Why it did not wake, in a visitor's words. Codes only where details are allowed. */
export function reasonText(failure: Failure | undefined, details: boolean, copy: Copy, words: Words): string {
  switch (failure?.reason) {
    case "exited":
      return details && failure.exitCode !== undefined
        ? fill(copy["reason.exitedCode"], { n: failure.exitCode })
        : copy["reason.exited"];
    case "no_answer": {
      const within = sane(failure.withinMs);
      return within === undefined
        ? copy["reason.no_answer"]
        : fill(copy["reason.no_answerWithin"], { time: limit(within, words) });
    }
    case "no_listener":
      return details && failure.ports !== undefined
        ? fill(copy["reason.no_listenerPort"], { port: portsText(failure.ports) })
        : copy["reason.no_listener"];
    case "bad_answer":
      return details && failure.status !== undefined
        ? fill(copy["reason.bad_answerStatus"], { n: failure.status })
        : copy["reason.bad_answer"];
    case "no_address":
      return copy["reason.start_failed"];
    case "out_of_memory":
    case "dependency":
    case "engine_away":
    case "forbidden":
    case "no_room":
    case "start_failed":
      return copy[`reason.${failure.reason}`];
    case "unknown":
    case undefined:
      return copy["reason.unknown"];
  }
}

/** The same for the operator: short where the reason is known, else the message as it came. */
export function evidenceText(failure: Failure, copy: Copy, words: Words): string {
  const within = sane(failure.withinMs);
  switch (failure.reason) {
    case "out_of_memory":
    case "exited":
      return withCode(copy[`evidence.${failure.reason}`], failure.exitCode, copy["evidence.code"]);
    case "bad_answer":
      return withCode(copy["evidence.bad_answer"], failure.status, copy["evidence.status"]);
    case "no_answer":
      return within === undefined
        ? copy["evidence.no_answer"]
        : `${copy["evidence.no_answer"]} within ${limit(within, words)}`;
    case "dependency":
      return failure.dependency === undefined
        ? copy["reason.dependency"]
        : fill(copy["evidence.dependency"], { name: failure.dependency });
    default:
      return failure.message.trim() || reasonText(failure, true, copy, words);
  }
}

function withCode(text: string, n: number | undefined, form: string): string {
  return n === undefined ? text : `${text}, ${fill(form, { n })}`;
}

const MAX_LINES = 8;
const MAX_CHARS = 2_000;

/** Log lines fit to show: the last 8, 2 KB, without control characters and colours. */
export function logText(lines: readonly string[] | undefined): string | undefined {
  const text = (lines ?? [])
    .slice(-MAX_LINES)
    .map((line) => line.replace(ESCAPES, "").replace(CONTROLS, "").trimEnd())
    .filter((line) => line !== "")
    .join("\n");
  return text === "" ? undefined : Array.from(text).slice(-MAX_CHARS).join("");
}

// oxlint-disable-next-line no-control-regex -- these are what is removed
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;
// Bidirectional overrides could reorder the line; tabs stay.
// oxlint-disable-next-line no-control-regex -- these are what is removed
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
