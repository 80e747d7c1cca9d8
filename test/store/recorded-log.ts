import type { Log } from "../../src/lib/log.ts";

/** A log that keeps what was said. */
export interface RecordedLog extends Log {
  readonly said: string[];
}

/** Creates a {@link RecordedLog} whose lines read `level: message`. */
export function recordedLog(): RecordedLog {
  const said: string[] = [];
  const keep =
    (level: string): Log["info"] =>
    (_event, message) =>
      void said.push(`${level}: ${message}`);
  return { said, debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
}
