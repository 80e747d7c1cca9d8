import { constants } from "node:os";

const BY_NUMBER: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name]),
);

/**
 * The signal's full name (`SIGTERM`), from any way in which engines and people write it: `SIGTERM`, `TERM`,
 * `term`, `15`. Undefined for an unknown number.
 */
export function signalName(written: string): string | undefined {
  if (/^\d+$/.test(written)) return BY_NUMBER.get(Number(written));
  const upper = written.toUpperCase();
  return upper.startsWith("SIG") ? upper : `SIG${upper}`;
}
