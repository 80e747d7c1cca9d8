import type { Words } from "../../../templates/live.js";
import { inUnits } from "../../../templates/live.js";
import type { Copy } from "./copy.ts";

/** Names of the units of time; single source for the server and the page. */
export function wordsOf(copy: Copy, lang: string): Words {
  return {
    units: ["d", "h", "min", "s"],
    spoken: [
      ["day", "days"],
      ["hour", "hours"],
      ["minute", "minutes"],
      ["second", "seconds"],
    ],
    today: copy["clock.today"],
    yesterday: copy["clock.yesterday"],
    locale: localeOf(lang),
  };
}

/** Dates in the language of the words: a visitor's region where it is the same language, 24 h in any case. */
function localeOf(lang: string): string {
  try {
    const [locale = "en"] = Intl.getCanonicalLocales(lang);
    return locale === "en" ? "en-GB" : locale;
  } catch {
    return "en-GB";
  }
}

/** A span that is over: 84 ms, 2.1 s, 31 s, 1 min 5 s. */
export function finished(ms: number, words: Words): string {
  if (ms < 99.5) return `${Math.max(0, Math.round(ms))}\u00a0ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)}\u00a0s`;
  return inUnits(Math.round(ms / 1000), words.units);
}

/** A limit somebody set: 60 s stays 60 s. */
export function limit(ms: number, words: Words): string {
  return ms <= 90_000 ? `${Number((ms / 1000).toFixed(1))}\u00a0s` : finished(ms, words);
}

/** When a wake is called overdue, from its beginning. */
export function overdueAfter(etaMs: number): number {
  return Math.max(1.25 * etaMs, etaMs + 2_000);
}

/** A number that can be drawn, else undefined: Progress is built from measurements and clocks. */
export function sane(ms: number | undefined): number | undefined {
  return ms !== undefined && Number.isFinite(ms) && ms >= 0 && ms < 3.2e10 ? ms : undefined;
}

/** A moment a clock can show, else undefined. */
export function moment(at: number | undefined): number | undefined {
  return at !== undefined && Number.isFinite(at) && at > 0 && at < 8e15 ? at : undefined;
}
