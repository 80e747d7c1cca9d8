/** Where a piece of evidence comes from. */
export type Source =
  | "uptime"
  | "exempt"
  | "lock"
  | "lease"
  | "replicas"
  | "pin"
  | "schedule"
  | "needed"
  | "connections"
  | "session"
  | "caddy"
  | "busy_check"
  | "exec"
  | "network"
  | "cpu";

/** What one source says about use. Shown to people as it is. */
export interface Evidence {
  readonly source: Source;
  /** `in-use` holds it awake, also where something could not be read; `blind`: nothing can be said here at all. */
  readonly kind: "quiet" | "in-use" | "blind";
  /** One short phrase, with the limit it was judged by where there is one. */
  readonly detail: string;
  /** The figures behind it, for machines. */
  readonly numbers?: Readonly<Record<string, number>>;
  /** Names of those who use it, where known. */
  readonly who?: readonly string[];
}

/** `1.4 MB/s`, `5.2 KB/s`, `12 B/s`. */
export function rateText(bytesPerSecond: number): string {
  if (bytesPerSecond >= 1_000_000) return `${(bytesPerSecond / 1_000_000).toFixed(1)} MB/s`;
  if (bytesPerSecond >= 1_000) return `${(bytesPerSecond / 1_000).toFixed(1)} KB/s`;
  return `${String(Math.round(bytesPerSecond))} B/s`;
}
