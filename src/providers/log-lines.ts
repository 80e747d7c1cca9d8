/** Terminal sequences: CSI (colours, cursor), OSC (titles, links), and the two-character ones. */
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -Z\\^-~])/g;

/** The newest lines of a log within both limits, oldest first, free of colours and control characters. */
export function logLines(text: string, limit: { lines: number; bytes: number }): string[] {
  const lines = text
    .split(/\r?\n/)
    .map(plain)
    .filter((line) => line !== "");
  const kept: string[] = [];
  let left = limit.bytes;
  for (let index = lines.length - 1; index >= 0 && kept.length < limit.lines; index--) {
    const line = lines[index] ?? "";
    const bytes = Buffer.byteLength(line);
    if (bytes > left) {
      // The newest line alone may be longer than everything allowed: its end says most.
      if (kept.length === 0 && left > 0)
        kept.push(Buffer.from(line).subarray(-left).toString().replaceAll("\u{fffd}", ""));
      break;
    }
    left -= bytes;
    kept.push(line);
  }
  return kept.reverse();
}

function plain(line: string): string {
  // A carriage return inside a line is how progress bars overwrite themselves: the last state is what one sees.
  const shown =
    line
      .replaceAll(SEQUENCES, "")
      .split("\r")
      .findLast((part) => part !== "") ?? "";
  return (
    shown
      .replaceAll("\t", "    ")
      // Other controls, and the marks that turn the direction of text.
      .replaceAll(/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, "")
      .trimEnd()
  );
}
