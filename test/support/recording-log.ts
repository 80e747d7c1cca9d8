import type { Log, LogFields } from "../../src/lib/log.ts";

/** A log that remembers. */
export class RecordingLog implements Log {
  readonly lines: { level: string; event: string; message: string; fields?: LogFields | undefined }[] = [];

  debug(event: string, message: string, fields?: LogFields): void {
    this.lines.push({ level: "debug", event, message, fields });
  }
  info(event: string, message: string, fields?: LogFields): void {
    this.lines.push({ level: "info", event, message, fields });
  }
  warn(event: string, message: string, fields?: LogFields): void {
    this.lines.push({ level: "warn", event, message, fields });
  }
  error(event: string, message: string, fields?: LogFields): void {
    this.lines.push({ level: "error", event, message, fields });
  }

  /** Messages of one event name. */
  of(event: string): readonly string[] {
    return this.lines.filter((line) => line.event === event).map(({ message }) => message);
  }
}
