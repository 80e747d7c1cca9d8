import * as z from "zod";
import { NAME_PATTERN, parseName } from "../values/names.ts";
import { parseSize, SIZE_PATTERN } from "../values/size.ts";
import { duration, durationNotes, key, text, whole } from "./text.ts";

/** What holds for a pool that does not say otherwise, as one would write it. */
export const BUILT_IN_POOL = { default_cost: "512MiB", yield_after: "10s" } as const;

const size = text(parseSize, "a size such as 16GiB or 512MiB", {
  wrongType: (input) =>
    typeof input === "number" ? `: give the number a unit, ${String(input)}GiB or ${String(input)}MiB` : "",
});
const sizeNotes = { pattern: SIZE_PATTERN } as const;

/** One entry of `pools`. */
const poolSchema = z
  .strictObject({
    max_awake: key(whole(1, 1_000_000), {
      description: "So many of its targets may be awake at once.",
      defaultText: "any number",
      examples: [1, 12],
    }),
    budget: key(size, {
      description:
        "What its targets may cost together, while they are awake. One that is paused keeps its memory, so it counts here too.",
      defaultText: "none",
      examples: ["16GiB"],
      ...sizeNotes,
    }),
    default_cost: key(size, {
      description: "With `budget`: the cost of a target whose `cost` is not set, until it was measured.",
      default: BUILT_IN_POOL.default_cost,
      ...sizeNotes,
    }),
    yield_after: key(duration(), {
      description:
        "A target makes room for another one when it was not used for this long. What is in use never does.",
      default: BUILT_IN_POOL.yield_after,
      ...durationNotes,
    }),
  })
  .superRefine(
    ({ max_awake, budget }, context) => {
      if (max_awake !== undefined || budget !== undefined) return;
      context.addIssue("limits nothing: add max_awake, budget or both");
    },
    // Beside other problems too; but an unknown key may be one of these two, misspelt.
    { when: ({ issues }) => !issues.some(({ code }) => code === "unrecognized_keys") },
  );

const poolKey = z.string().regex(new RegExp(NAME_PATTERN));

/** `pools` of the file. */
export const poolsSchema = z.record(poolKey, poolSchema);

/** The pools as the file has them. */
export type PoolsLayer = z.output<typeof poolsSchema>;

const poolName = text(parseName, "a pool's name");

/** Keys of a target that say what it shares with others. */
export const inPoolShape = {
  pools: key(z.array(poolName), {
    description:
      "Pools that it is in: names in `pools`. A wake that does not fit into all of them puts those to sleep that were not used for longest, and waits for its turn. Guide: [scarce memory, one graphics card](../guide/pools.md).",
    defaultText: "none",
    examples: [["ram", "gpu0"]],
  }),
  pool: key(poolName, {
    description:
      "One pool beside those in `pools`, so that a rule or a target can add one to what `defaults` says.",
    defaultText: "none",
    examples: ["previews"],
  }),
  cost: key(size, {
    description: "What it takes of the budget of each of its pools.",
    defaultText: "the memory that it was last measured to hold, before that the pool's `default_cost`",
    examples: ["2GiB"],
    ...sizeNotes,
  }),
  costs: key(z.record(poolKey, size), {
    description:
      "What it takes of the budget of single pools, by their names; stronger than `cost`. For a budget that is not the host's memory, such as a graphics card's: nothing measures that.",
    defaultText: "`cost` for each",
    examples: [{ vram: "6GiB" }],
  }),
  room_timeout: key(duration({ positive: true }), {
    description: "How long a wake waits for room in its pools before it has failed.",
    default: "3m",
    ...durationNotes,
  }),
};
