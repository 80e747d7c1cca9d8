import type { WakeEvent } from "../watchers/wake-events.ts";

/**
 * Event ids as clients see them: the number that a target counts with, marked with the process that
 * counted, because the count begins anew with each process.
 */
export interface EventIds {
  format(id: number): string;
  /** Undefined for ids of another process and for anything else. */
  parse(text: string | null | undefined): number | undefined;
}

export function createEventIds(startedAt: number): EventIds {
  const mark = `${Math.floor(startedAt).toString(36)}.`;
  return {
    format: (id) => `${mark}${String(id)}`,
    parse(text) {
      if (!text?.startsWith(mark)) return undefined;
      const digits = text.slice(mark.length);
      return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
    },
  };
}

/** What came after `since`; the whole history where that is unknown or not in it. */
export function eventsAfter(history: readonly WakeEvent[], since: number | undefined): readonly WakeEvent[] {
  const last = history.at(-1)?.id ?? 0;
  return since === undefined || since > last ? history : history.filter((event) => event.id > since);
}
