/** Reads a truth value as Go does; undefined for what Traefik would refuse. */
export function readBool(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}

/** Reads a whole number of at most 64 bits. What JSON cannot hold exactly stays text, which Traefik reads too. */
export function readInt(text: string): number | string | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const exact = BigInt(text.replace(/^\+/, ""));
  if (exact > 2n ** 63n - 1n || exact < -(2n ** 63n)) return undefined;
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact.toString();
}

/** Reads a duration of Go's (`1m30s`, `250ms`) or whole seconds. The text stays as it is. */
export function readDuration(text: string): string | undefined {
  const go = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
  return go.test(text) || /^[+-]?\d{1,18}$/.test(text) ? text : undefined;
}

/** Reads a list with commas. */
export function readList(text: string): readonly string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
