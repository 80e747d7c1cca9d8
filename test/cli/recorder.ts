import type { Output } from "../../src/cli/output.ts";

/** An output that keeps what is written. */
export function recorder(color = false): Output & { readonly text: () => string } {
  const lines: string[] = [];
  return {
    out: (text) => void lines.push(text),
    err: (text) => void lines.push(text),
    color,
    text: () => lines.join("\n"),
  };
}
