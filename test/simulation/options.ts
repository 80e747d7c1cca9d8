import { parseArgs } from "node:util";

/** What `npm run simulate` is asked for. */
export interface SimulateOptions {
  readonly from: number;
  readonly to: number;
  /** Wall ms after which no new seed is begun. */
  readonly forMs: number;
  readonly json: boolean;
  readonly mutants: boolean;
  readonly trace: boolean;
  readonly only: ReadonlySet<number> | undefined;
  /** Ends at the first failure and does not shrink it. */
  readonly first: boolean;
}

export const USAGE = `usage: npm run simulate -- [--seed N | --seeds A..B | --minutes M] [options]

  --seed N      one schedule; a failure is shrunk and shown
  --seeds A..B  all of them (default 1..1000)
  --minutes M   seed after seed for M minutes, beginning with --seed or a new one each day
  --only 3,7    with --seed: these deeds alone, as a shrunk failure names them
  --trace       with --seed: everything that happened
  --mutants     nine faults put into copies of the source, each to be found within 1,000 seeds
  --json        ends with one line of JSON
`;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** @throws RangeError naming the option and its value. */
export function parseOptions(argv: readonly string[]): SimulateOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      minutes: { type: "string" },
      only: { type: "string" },
      trace: { type: "boolean", default: false },
      mutants: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      first: { type: "boolean", default: false },
    },
  });
  const { seed, seeds, minutes, only, ...flags } = values;
  const [from, to] = range(seed, seeds, minutes);
  const forMs = minutes === undefined ? Number.POSITIVE_INFINITY : number("minutes", minutes) * MINUTE_MS;
  return { ...flags, from, to, forMs, only: only === undefined ? undefined : indices(only) };
}

function range(seed?: string, seeds?: string, minutes?: string): readonly [number, number] {
  if (seeds !== undefined) {
    const match = /^(\d+)\.\.(\d+)$/.exec(seeds);
    if (!match) throw new RangeError(`--seeds is ${seeds}, not two numbers such as 1..500`);
    return [Number(match[1]), Number(match[2])];
  }
  if (minutes !== undefined) {
    const first = seed === undefined ? Math.floor(Date.now() / DAY_MS) * 1_000_000 : number("seed", seed);
    return [first, Number.MAX_SAFE_INTEGER];
  }
  if (seed === undefined) return [1, 1_000];
  return [number("seed", seed), number("seed", seed)];
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0)) throw new RangeError(`--${option} is ${text}, not a number`);
  return value;
}

function indices(text: string): ReadonlySet<number> {
  if (text === "none") return new Set();
  return new Set(text.split(",").map((part) => number("only", part)));
}
