import { Generations } from "./generations.ts";

/** Kinds of text times zones: zones come from visitors' cookies, too. */
const MAX_FORMATS = 128;

const formats = new Generations<string, Intl.DateTimeFormat>(MAX_FORMATS);

/** How a moment is written: the options of `Intl.DateTimeFormat`. Its zone is `zone`, by default this process's. */
export type DateForm = Omit<Intl.DateTimeFormatOptions, "timeZone">;

/**
 * A format of British English, made once. Each one takes some 100 KB outside of the heap, which only a full collection
 * gives back: made for each text they became most of what a busy service held.
 *
 * @throws RangeError when there is no such zone.
 */
export function dateFormat(form: DateForm, zone?: string): Intl.DateTimeFormat {
  const key = `${zone ?? ""} ${JSON.stringify(form)}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", { ...form, ...(zone !== undefined && { timeZone: zone }) });
    formats.set(key, format);
  }
  return format;
}
