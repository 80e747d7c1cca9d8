import type { PageOptions } from "../../../src/config/model.ts";
import type { PageInput } from "../../../src/forward-auth/page/render.ts";
import { samples } from "../../../src/forward-auth/page/samples.ts";
import type { Progress } from "../../../src/watchers/progress.ts";

export const OPEN: PageOptions = { details: true, logs: true, footer: true };
export const CLOSED: PageOptions = { details: false, logs: false, footer: true };
export const NOW = new Date(2025, 5, 4, 14, 3, 29).getTime();

/** The progress of a sample, made at `now`. */
export function progressOf(name: string, now = NOW): Progress {
  const sample = samples(now).find((sample) => sample.name === name);
  if (!sample) throw new Error(`no sample ${name}`);
  return sample.progress;
}

export function pageInput(progress: Progress, more: Partial<PageInput> = {}): PageInput {
  return { progress, options: OPEN, nonce: "bm9uY2U=", token: "token", url: "/", now: NOW, ...more };
}
