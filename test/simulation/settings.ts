import { loadSettings } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/model.ts";

/** The configurations that a reload may bring, the first one being that of the start. Read once, for all schedules. */
export async function loadVariants(): Promise<readonly Settings[]> {
  return await Promise.all([
    load({}, 2),
    load({ WAKEGATE_DEFAULTS_FOREIGN_STOP_GRACE: "3s" }, 3),
    load({ WAKEGATE_DEFAULTS_FOREIGN_STOP_GRACE: "20s", WAKEGATE_DEFAULTS_PAGE_AFTER: "500ms" }, 1),
  ]);
}

/** Names of the pools that there are; what is in them is up to each world. */
export const POOLS = ["few", "ram"] as const;

/** Scarce enough that many have to wait, and a few, with all that they need, never fit. */
function pools(room: number): Settings["pools"] {
  const common = { defaultCostBytes: 1, yieldAfterMs: 2_000 };
  return [
    { name: POOLS[0], maxAwake: room, ...common },
    { name: POOLS[1], budgetBytes: room + 1, ...common },
  ];
}

async function load(more: Readonly<Record<string, string>>, room: number): Promise<Settings> {
  // Else a target that is forgotten would be "unknown", and let through.
  const env = {
    DOCKER_HOST: "unix:///nowhere.sock",
    WAKEGATE_UNKNOWN_HOSTS: "deny",
    WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "20s",
    WAKEGATE_DEFAULTS_ROOM_TIMEOUT: "30s",
    ...more,
  };
  const loaded = await loadSettings({ env });
  if (!("settings" in loaded)) throw new Error(JSON.stringify(loaded.problems));
  return { ...loaded.settings, pools: pools(room) };
}
