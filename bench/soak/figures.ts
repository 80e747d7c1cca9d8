/** One line of the probe in the service. Bytes and milliseconds. */
export interface Sample {
  /** Wall ms. */
  readonly at: number;
  /** Part of the time since the sample before in which the kernel had no core for the service that wanted one. */
  readonly starved: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly fds: number;
  /** Node's own warnings so far, such as too many listeners. */
  readonly warnings: readonly string[];
  readonly processListeners: number;
  /** What keeps the process alive, by kind; `Timeout` are timers. */
  readonly resources: Readonly<Record<string, number>>;
  readonly loop: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  /** Live objects after a collection; `heapUsed` of the same line was measured after it. */
  readonly objects?: Readonly<Record<string, number>>;
}

const HOUR_MS = 3_600_000;

/**
 * Change for each hour, as the median of the slopes between all pairs (Theil and Sen): a page more or less that the
 * allocator keeps for a while does not tilt it. 0 for fewer than two points.
 */
export function slopePerHour(points: readonly (readonly [at: number, value: number])[]): number {
  const slopes: number[] = [];
  points.forEach(([at, value], index) => {
    for (const [later, other] of points.slice(index + 1)) {
      if (later > at) slopes.push(((other - value) / (later - at)) * HOUR_MS);
    }
  });
  return quantile(slopes, 0.5);
}

/** Nearest-rank quantile; 0 for nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}

/** Megabytes (2^20) with two decimals. */
export function megabytes(bytes: number): number {
  return Math.round((bytes / 1024 ** 2) * 100) / 100;
}

/** Sockets, servers, watches: everything that keeps the process alive but is no timer. */
export function handlesOf({ resources }: Sample): number {
  return Object.entries(resources).reduce((sum, [kind, count]) => sum + (isTimer(kind) ? 0 : count), 0);
}

/** Armed timers. */
export function timersOf({ resources }: Sample): number {
  return Object.entries(resources).reduce((sum, [kind, count]) => sum + (isTimer(kind) ? count : 0), 0);
}

function isTimer(kind: string): boolean {
  return kind === "Timeout" || kind === "Immediate";
}
