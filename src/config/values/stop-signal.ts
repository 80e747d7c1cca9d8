import { constants } from "node:os";
import { didYouMean } from "./suggest.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/** Names that engines know and this machine may not (another system runs the engine). */
const ALSO = ["SIGPWR", "SIGSTKFLT", "SIGPOLL", "SIGIO", "SIGWINCH", "SIGCLD"];

const NAMES: ReadonlySet<string> = new Set([...Object.keys(constants.signals), ...ALSO]);

/**
 * Reads a signal's name, with or without `SIG`, in any case: `SIGINT`, `usr1`, `RTMIN+3`. The value always
 * carries the prefix. Numbers are refused: they differ between systems.
 */
export function parseStopSignal(text: string): Parsed<string> {
  const upper = text.trim().toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  if (NAMES.has(name)) return good(name);
  const realtime = /^SIGRTM(IN|AX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realtime) {
    const [, end, sign, offset = "0"] = realtime;
    const right = sign === undefined || sign === (end === "IN" ? "+" : "-");
    if (right && Number(offset) <= 15) return good(name);
    return bad("expected SIGRTMIN to SIGRTMIN+15 or SIGRTMAX-15 to SIGRTMAX");
  }
  if (/^SIG\d+$/.test(name)) return bad("expected a signal's name such as SIGINT or SIGTERM, not its number");
  return bad(`expected a signal such as SIGINT, TERM or SIGRTMIN+3${didYouMean(name, NAMES)}`);
}
