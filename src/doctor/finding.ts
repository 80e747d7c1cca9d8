/** How bad it is. `skipped`: it could not be found out, and the sentence says why. */
export type Level = "ok" | "warning" | "problem" | "skipped";

/** Whose fault it is, or who has to be changed. */
export type Layer = "proxy" | "engine" | "app" | "wakegate";

/** The layers in words. */
export const LAYER_TEXT: Readonly<Record<Layer, string>> = {
  proxy: "in the proxy",
  engine: "in the engine",
  app: "in the app",
  wakegate: "in Wakegate",
};

/** What a check found. Stable in its keys: programs read it. */
export interface Finding {
  /** Of the check: `forward-auth`. */
  readonly id: string;
  /** The check in a word or two, for people. */
  readonly title: string;
  readonly level: Level;
  readonly layer: Layer;
  /** The target that it is about; absent where it is about all, or none. */
  readonly target?: string;
  /** What was found, in one sentence or two. */
  readonly sentence: string;
  /** What it is concluded from. */
  readonly evidence: readonly string[];
  /** What to paste, and where; several are alternatives, the likeliest first. */
  readonly fix: readonly Fix[];
}

export interface Fix {
  /** `compose.yaml, service wakegate`. */
  readonly where: string;
  /** Exactly what to paste, or to run. */
  readonly lines: string;
}

/** A finding before the check has put its name to it. */
export type Found = Pick<Finding, "level" | "sentence"> &
  Partial<Pick<Finding, "layer" | "target" | "evidence" | "fix">>;
