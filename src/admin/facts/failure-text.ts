import type { Failure } from "../../watchers/progress.ts";
import { portsText } from "../../watchers/readiness/silent-port.ts";
import { spell } from "../text.ts";

/** A failure in a few of the operator's words: `Out of memory (exit code 137)`. */
export function failureText(failure: Failure): string {
  const code = failure.exitCode === undefined ? "" : ` (exit code ${String(failure.exitCode)})`;
  const within = failure.withinMs === undefined ? "" : ` within ${spell(failure.withinMs)}`;
  switch (failure.reason) {
    case "out_of_memory":
      return `Out of memory${code}`;
    case "exited":
      return `Stopped by itself${code}`;
    case "no_answer":
      return `No answer${within}`;
    case "no_listener":
      return `Nothing listens on ${failure.ports === undefined ? "its port" : portsText(failure.ports)}`;
    case "bad_answer":
      return `Answers ${failure.status === undefined ? "with errors" : String(failure.status)}${within}`;
    case "dependency":
      return failure.dependency === undefined
        ? "A dependency did not wake"
        : `${failure.dependency} did not wake`;
    case "engine_away":
      return "Its engine does not answer";
    case "forbidden":
      return "The engine does not allow it";
    case "no_room":
      return `No room in its pools${within}`;
    case "no_address":
      return "No way to reach it from here";
    case "start_failed":
      return "The engine could not start it";
    case "unknown":
      return "Failed for an unknown reason";
  }
}
