import { bad, good, type Parsed } from "./parsed.ts";

const UNITS: Readonly<Record<string, number | undefined>> = {
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Regular expression for editors. */
export const SIZE_PATTERN = "^\\s*\\d+(\\.\\d+)?\\s?([kKmMgGtT][iI]?[bB])\\s*$";

const MOST = 2 ** 50;

/** Reads sizes such as `16GiB`, `512MiB`, `1.5 GB`: bytes. The unit has to be there. */
export function parseSize(text: string): Parsed<number> {
  const written = text.trim();
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/i.exec(written) ?? [];
  const bytes = UNITS[unit.toLowerCase()];
  if (count === undefined || bytes === undefined) {
    return bad(`expected a size such as 16GiB or 512MiB${hint(written)}`);
  }
  const size = Math.round(Number(count) * bytes);
  if (size < 1) return bad("expected a size above zero");
  if (size > MOST) return bad("expected a size of at most 1024TiB");
  return good(size);
}

/** For people: `16 GiB`, `1.5 GiB`, `512 MiB`; binary units, one decimal below ten. */
export function formatSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  const digits = size < 10 && unit > 0 ? Math.round(size * 10) / 10 : Math.round(size);
  return `${String(digits)} ${units[unit] ?? ""}`;
}

function hint(written: string): string {
  if (/^\d+(\.\d+)?$/.test(written)) return `: give the number a unit, ${written}GiB or ${written}MiB`;
  const [, count, letter] = /^(\d+(?:\.\d+)?) ?([kmgt])$/i.exec(written) ?? [];
  if (count !== undefined && letter !== undefined) return `: write ${count}${letter.toUpperCase()}iB`;
  if (written.startsWith("-")) return ": it cannot be negative";
  return " (units KiB, MiB, GiB, TiB, or KB, MB, GB, TB)";
}
