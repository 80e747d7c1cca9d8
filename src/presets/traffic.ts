import type { RuleSpec } from "../config/model/rules.ts";
import { assets } from "./traffic/assets.ts";
import { crawlers } from "./traffic/crawlers.ts";
import { linkPreviews } from "./traffic/link-previews.ts";
import { monitors } from "./traffic/monitors.ts";

/** A kind of traffic that is no person's use, and the rules that know it. Data only. */
export interface TrafficPreset {
  /** For the reference: what it takes away, and why that does no harm. */
  readonly description: string;
  readonly rules: readonly RuleSpec[];
}

/** Names of the presets, in the order in which they are on by default. */
export const trafficPresetNames = ["monitors", "crawlers", "link-previews", "assets"] as const;

/** One of the names. */
export type TrafficPresetName = (typeof trafficPresetNames)[number];

/** Every preset by its name. */
export const TRAFFIC_PRESETS: Readonly<Record<TrafficPresetName, TrafficPreset>> = {
  monitors,
  crawlers,
  "link-previews": linkPreviews,
  assets,
};
