import { styleText } from "node:util";

const COLOURS = { debug: "gray", info: "blue", warn: "yellow", error: "red" } as const;
/** Fields that the line shows in another way. */
const SHOWN = new Set(["time", "level", "event", "msg", "err"]);

/** Turns pino's JSON lines into lines for people at a terminal. Colours only where the terminal has them and NO_COLOR is unset. */
export function prettyStream(output: NodeJS.WritableStream & { readonly isTTY?: boolean }): {
  write(line: string): void;
} {
  const colour = output.isTTY === true && !process.env["NO_COLOR"];
  return { write: (line) => void output.write(`${prettyLine(line, colour)}\n`) };
}

/** One JSON line for people. What is no JSON is passed on as it is. */
export function prettyLine(line: string, colour: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line.trimEnd();
  }
  const { time, level, event, msg } = entry;
  const clock = typeof time === "string" ? time.slice(11, 19) : "";
  const name = typeof level === "string" ? level : "";
  const style = COLOURS[name as keyof typeof COLOURS] ?? "blue";
  const fields = Object.entries(entry)
    .filter(([key]) => !SHOWN.has(key))
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const stack = stackOf(entry["err"]);
  return [
    paint("gray", clock),
    paint(style, name.padEnd(5)),
    typeof msg === "string" ? msg : "",
    paint("gray", [typeof event === "string" ? event : "", ...fields].join(" ")),
  ]
    .join(" ")
    .trimEnd()
    .concat(stack && `\n${paint("gray", stack)}`);
}

function stackOf(error: unknown): string {
  const stack = typeof error === "object" && error !== null && "stack" in error ? error.stack : undefined;
  return typeof stack === "string" ? stack : "";
}
