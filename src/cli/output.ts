import { styleText } from "node:util";

/** Where a command writes, and whether it may use colours. */
export interface Output {
  /** One line, or several, for the reader or the next program. */
  out(text: string): void;
  /** The same for problems. */
  err(text: string): void;
  readonly color: boolean;
}

/** Names of the colours and weights that the commands use. */
export type Style = "bold" | "dim" | "red" | "yellow" | "green" | "cyan";

/** The process's own streams; colours on terminals, unless NO_COLOR is set. FORCE_COLOR asks for them anyway. */
export function processOutput(): Output {
  const { env, stdout, stderr } = process;
  const forced = Boolean(env["FORCE_COLOR"]) && env["FORCE_COLOR"] !== "0";
  return {
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    color: !env["NO_COLOR"] && (forced || stdout.isTTY),
  };
}

/** The text in a style, where colours may be used. */
export function styled(output: Output, style: Style, text: string): string {
  return output.color ? styleText(style, text, { validateStream: false }) : text;
}

/** Rows as columns of equal width, two spaces apart; the last column is not padded. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
        .join("  "),
    )
    .join("\n");
}
