import type { CommandMeaning } from "../../config/model/machine.ts";

/** What an exit code and the first line of output say of a machine; undefined: neither on nor off. Pure. */
export function meaningOf(
  { code, word }: { readonly code: number; readonly word: string },
  { running, stopped }: CommandMeaning,
): "on" | "off" | undefined {
  const said = word.toLowerCase();
  const names = (list: CommandMeaning["running"]): boolean =>
    list.some((entry) => (typeof entry === "number" ? entry === code : entry.toLowerCase() === said));
  if (names(running)) return "on";
  return names(stopped) ? "off" : undefined;
}
