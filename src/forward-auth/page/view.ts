import type { Live } from "../../../templates/live.js";

/** What the gate shows. */
export type Scene = "waking" | "stopping" | "ready" | "failed" | "closed" | "empty";

/**
 * The loading page at one moment, as data: the server draws it into the first document, and each status
 * answer carries a new one under `view`, which the page's script draws again. Contains nothing that the
 * visitor may not see.
 */
export interface View {
  readonly scene: Scene;
  /** Data URI of the tab's icon. */
  readonly icon: string;
  /** In order of `after`; at least one. */
  readonly faces: readonly Face[];
  /** With scene `ready`: what the page shows when the app does not come through. */
  readonly away?: Face;
  readonly guard?: Face;
  readonly elapsedMs?: number;
  /** With `elapsedMs`: the sunrise follows these two. */
  readonly etaMs?: number;
  /** With scene `stopping`: length of the sunset, and how much of it is over. */
  readonly sinkMs?: number;
  readonly sunkMs?: number;
  readonly steps: readonly StepView[];
  readonly gates: readonly GateStatus[];
  readonly evidence?: Evidence;
  readonly bar?: Bar;
  /** Said aloud when it differs from what was said last. */
  readonly say?: readonly Live[];
  /** Asleep with nothing under way, and nothing known to forbid a wake. */
  readonly idle?: boolean;
  /** Asks at most every 10 s. */
  readonly slow?: boolean;
  /** After so many ms a request of the page's own address may wake it: the page makes one. */
  readonly knockInMs?: number;
}

/** Words for a stretch of time: a waking page becomes "almost there" and "overdue" without an answer. */
export interface Face {
  /** So many ms after the view was made. */
  readonly after: number;
  readonly key: "waking" | "almost" | "overdue" | "still";
  readonly title: string;
  readonly heading: string;
  readonly lead: Live;
  readonly number?: Live;
  /** The number slot holds words, not a number. */
  readonly words?: boolean;
  readonly caption: readonly Live[];
  readonly button?: Button;
  readonly say?: string;
}

export interface Button {
  readonly text: string;
  /** `reload` asks the page's own address, `retry` posts, `link` leads to `href`. */
  readonly kind: "reload" | "retry" | "link";
  readonly href?: string;
  /** Filled: it changes something. */
  readonly strong?: boolean;
}

export interface StepView {
  readonly id: string;
  readonly status: "todo" | "active" | "done" | "failed";
  readonly label: string;
  /** Hidden word for the status. */
  readonly word: string;
  readonly value: Live;
  readonly parts?: readonly PartView[];
}

export interface PartView {
  readonly name: string;
  readonly value: Live;
  readonly status: GateStatus;
}

export type GateStatus = "waiting" | "waking" | "ready" | "failed";

export interface Evidence {
  readonly rows: readonly (readonly [label: string, value: Live])[];
  readonly log?: string;
  readonly logLabel: string;
}

export interface Bar {
  readonly label: string;
  readonly text: readonly Live[];
}
