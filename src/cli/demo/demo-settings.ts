import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadSettings } from "../../config/load.ts";
import type { Settings } from "../../config/model.ts";
import { WakegateError } from "../../errors.ts";

/** What differs from one demo to the next. */
export interface DemoOptions {
  /** Folder of the demo's own, for its configuration and state. */
  readonly dir: string;
  readonly appPort: number;
  readonly idleMs: number;
  readonly bootMs: number;
}

/**
 * The demo's configuration, written as a user would and read by the same code, untouched by the variables of
 * the machine it runs on.
 */
export async function demoSettings(options: DemoOptions): Promise<Settings> {
  const file = join(options.dir, "wakegate.yaml");
  await writeFile(file, configText(options));
  const loaded = await loadSettings({ file, env: {} });
  if ("settings" in loaded) return loaded.settings;
  const problems = loaded.problems.map(({ where, key, message }) => `${where} ${key}: ${message}`);
  throw new WakegateError("config_invalid", `The demo's own configuration is wrong: ${problems.join("; ")}`);
}

/**
 * JSON is YAML: the strings need no other quoting. The app runs with Node's own options of this process, and where
 * it does, so that it runs from source where this does.
 */
function configText({ appPort, idleMs, bootMs }: DemoOptions): string {
  const own = import.meta.url.endsWith(".ts") ? "./sleepy-app.ts" : "./sleepy-app.js";
  const command = [process.execPath, ...process.execArgv, fileURLToPath(new URL(own, import.meta.url))];
  const env = {
    PORT: String(appPort),
    BOOT_MS: String(bootMs),
    IDLE_MS: String(idleMs),
    DEMO_PID: String(process.pid),
  };
  return `listen: 127.0.0.1:0
public_listen: 127.0.0.1:0
state_dir: ./state
trusted_proxies: [loopback]
unknown_hosts: deny
log: { level: warn }
providers: { docker: {} }
targets:
  sleepy-app:
    display_name: A sleepy app
    hosts: [127.0.0.1, localhost]
    address: 127.0.0.1:${String(appPort)}
    port: ${String(appPort)}
    idle_timeout: ${String(idleMs)}ms
    wake_timeout: 2m
    stop_timeout: 5s
    page: { details: true, logs: true }
    process:
      command: ${JSON.stringify(command)}
      cwd: ${JSON.stringify(process.cwd())}
      env: ${JSON.stringify(env)}
`;
}
