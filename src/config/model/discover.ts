import type { OptionsLayer } from "../layers.ts";
import type { AppPresetName } from "../../presets/apps.ts";
import type { CapturePattern } from "../values/capture-pattern.ts";

/** Makes targets of containers that carry no labels for it. The first rule that matches a container counts. */
export interface DiscoverRule {
  /** `discover[0] (wakegate.yaml:4:5)`. */
  readonly origin: string;
  /** Place among the rules, from 0. */
  readonly index: number;
  /** All conditions have to be met; there is at least one. */
  readonly match: DiscoverMatch;
  /** Host templates. */
  readonly hosts: readonly string[];
  /** What those of its hosts get that belong to no container: a page with this text. Unset: as `unknown_hosts` says. */
  readonly gone?: string;
  readonly scope: TargetScope;
  readonly preset?: AppPresetName;
  /** Its options, to be laid over the defaults and under the container's own labels. */
  readonly layer: OptionsLayer;
}

/** What a visitor gets at a rule's host that no container has (any more). */
export interface GoneNotice {
  /** One sentence; `{host}` stands for what the star of the host pattern took. */
  readonly text: string;
  /** "Wakegate" in the footer. */
  readonly footer: boolean;
}

export interface DiscoverMatch {
  readonly engine?: CapturePattern;
  readonly project?: CapturePattern;
  readonly service?: CapturePattern;
  readonly name?: CapturePattern;
  readonly image?: CapturePattern;
  readonly labels?: Readonly<Record<string, CapturePattern>>;
}

/** What a target comprises: its own container with what that depends on, or all of its Compose project. */
export type TargetScope = "container" | "project";
