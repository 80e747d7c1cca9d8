import type { FakeWorld, Behaviour } from "../../support/fake-world.ts";
import { labels, rig, type Rig } from "../world.ts";

export const MINUTE = 60_000;

/** Two places, and memory for three of the usual size. */
export const POOLS = "pools: { p: { max_awake: 2 }, ram: { budget: 3GiB, default_cost: 1GiB } }\n";

/** A target in a pool; asleep, and quick. */
export function add(
  world: FakeWorld,
  name: string,
  pools: string,
  more: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly behaviour?: Behaviour;
    readonly running?: true;
  } = {},
): void {
  world.create(name, {
    labels: labels({ "wakegate.pools": pools, "wakegate.idle_timeout": "1h", ...more.labels }),
    status: more.running ? "running" : "exited",
    behaviour: { startMs: 100, stopMs: 1_000, ...more.behaviour },
  });
}

/** A world with these pools. */
export function pooled(setUp: (world: FakeWorld) => void, yaml = POOLS): Promise<Rig> {
  return rig({ yaml, setUp });
}

/** Events of one target as `type: message`. */
export function story(r: Rig, name: string): readonly string[] {
  return r
    .watcher(name)
    .history()
    .map(({ type, message }) => `${type}: ${message}`);
}

/** The states of some targets. */
export function states(r: Rig, ...names: readonly string[]): readonly string[] {
  return names.map((name) => r.state(name));
}
