import { loadSettings } from "../../src/config/load.ts";
import type { Settings } from "../../src/config/model.ts";

/** The configurations that a reload may bring, the first one being that of the start. Read once, for all schedules. */
export async function loadVariants(): Promise<readonly Settings[]> {
  return await Promise.all([
    load({}),
    load({ WAKEGATE_DEFAULTS_FOREIGN_STOP_GRACE: "3s" }),
    load({ WAKEGATE_DEFAULTS_FOREIGN_STOP_GRACE: "20s", WAKEGATE_DEFAULTS_PAGE_AFTER: "500ms" }),
  ]);
}

async function load(more: Readonly<Record<string, string>>): Promise<Settings> {
  // Else a target that is forgotten would be "unknown", and let through.
  const env = {
    DOCKER_HOST: "unix:///nowhere.sock",
    WAKEGATE_UNKNOWN_HOSTS: "deny",
    WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "20s",
    ...more,
  };
  const loaded = await loadSettings({ env });
  if (!("settings" in loaded)) throw new Error(JSON.stringify(loaded.problems));
  return loaded.settings;
}
