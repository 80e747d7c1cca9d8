import { pino, type DestinationStream, type Logger } from "pino";
import type { Log, LogFields } from "./log.ts";
import { prettyStream } from "./pretty-stream.ts";

/** How and where to log. */
export interface PinoLogOptions {
  readonly level: "debug" | "info" | "warn" | "error";
  /** `auto`: pretty on a terminal, else one JSON object a line. */
  readonly format: "auto" | "json" | "pretty";
  /** Default: standard output. */
  readonly output?: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** A log whose level can be changed while it runs. */
export interface LevelledLog extends Log {
  setLevel(level: PinoLogOptions["level"]): void;
}

/** Never in a log, wherever it stands in a line's fields. */
const SECRETS = ["token", "*.token", "authorization", "*.authorization", "cookie", "*.cookie", "*.headers"];

/** The service's log, by pino. Lines have `time`, `level`, `event`, `msg` and the event's own fields. */
export function createLog(options: PinoLogOptions): LevelledLog {
  const output = options.output ?? process.stdout;
  const pretty = options.format === "pretty" || (options.format === "auto" && output.isTTY === true);
  const stream: DestinationStream = pretty
    ? prettyStream(output)
    : { write: (line) => void output.write(line) };
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS, censor: "[redacted]" },
    },
    stream,
  );
  return {
    debug: writer(logger, "debug"),
    info: writer(logger, "info"),
    warn: writer(logger, "warn"),
    error: writer(logger, "error"),
    setLevel: (level) => {
      logger.level = level;
    },
  };
}

function writer(logger: Logger, level: "debug" | "info" | "warn" | "error"): Log["info"] {
  return (event: string, message: string, fields?: LogFields) => logger[level]({ event, ...fields }, message);
}
