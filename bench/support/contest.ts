import type { HttpLoad } from "./http-load.ts";
import { cpuUs } from "./process-facts.ts";
import { median } from "./statistics.ts";

/** A server that takes part. */
export interface Contestant {
  readonly name: string;
  /** Processes whose CPU time counts as its cost. */
  readonly pids: readonly number[];
  readonly load: HttpLoad;
}

/** What a contestant did, medians over the rounds. */
export interface Standing {
  readonly cpuUsPerRequest: number;
  readonly requestsPerSecond: number;
  /** Each round's, in order: round n of all contestants is of the same moment. */
  readonly rounds: readonly { readonly cpuUs: number; readonly perSecond: number }[];
}

/**
 * Lets servers answer in turn, in short slices, so that whatever else happens on the machine happens to all of
 * them.
 */
export async function contest<Name extends string>(
  contestants: readonly (Contestant & { readonly name: Name })[],
  { rounds, requests }: { readonly rounds: number; readonly requests: number },
): Promise<Readonly<Record<Name, Standing>>> {
  const seen = new Map<string, { cpuUs: number; perSecond: number }[]>();
  for (const { name } of contestants) seen.set(name, []);
  for (let round = 0; round < rounds; round++) {
    // Forth and back: who comes first has no advantage.
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const { name, pids, load } of order) {
      const before = sum(pids);
      const { ms } = await load.run({ requests });
      seen.get(name)?.push({
        cpuUs: (sum(pids) - before) / requests,
        perSecond: (requests * 1_000) / ms,
      });
    }
  }
  const standings = [...seen].map(([name, all]): [string, Standing] => [
    name,
    {
      cpuUsPerRequest: median(all.map(({ cpuUs }) => cpuUs)),
      requestsPerSecond: median(all.map(({ perSecond }) => perSecond)),
      rounds: all,
    },
  ]);
  return Object.fromEntries(standings) as Record<Name, Standing>;
}

/** How much of the reference's throughput on one core a subject reaches: the median over rounds of the same moment. */
export function throughputOf(subject: Standing, reference: Standing): number {
  return median(
    subject.rounds.map(({ cpuUs }, round) => (reference.rounds[round]?.cpuUs ?? Number.NaN) / cpuUs),
  );
}

function sum(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + cpuUs(pid), 0);
}
