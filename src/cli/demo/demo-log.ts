import type { Log } from "../../lib/log.ts";

/** The log as the demo's visitor reads it in the terminal: time and sentence, nothing else. */
export function demoLog(write: (line: string) => void): Log {
  const say: Log["info"] = (_event, message) => write(`  ${new Date().toLocaleTimeString()}  ${message}`);
  return { debug: () => undefined, info: say, warn: say, error: say };
}
