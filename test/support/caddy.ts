import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { startProxy, type RunningProxy, type Upstreams } from "./proxy-process.ts";
import { findBinary } from "./require.ts";
import { tempFolder } from "./temp-folder.ts";

/** Which shipped file Caddy runs with, and where it leads. */
export interface CaddyOptions extends Upstreams {
  /** Name of a file in `examples/caddy`. Default: `Caddyfile`. */
  readonly file?:
    "Caddyfile" | "Caddyfile.host" | "Caddyfile.fail-open" | "Caddyfile.monitors" | "../replicas/Caddyfile";
}

const EXAMPLES = fileURLToPath(new URL("../../examples/caddy/", import.meta.url));

/** Starts the real Caddy with one of the shipped files, in plain HTTP for every host, on a free loopback port. */
export async function startCaddy(options: CaddyOptions): Promise<RunningProxy> {
  const folder = await tempFolder("caddy");
  const port = await freePort();
  const shipped = await readFile(join(EXAMPLES, options.file ?? "Caddyfile"), "utf8");
  const config = options.withoutEvents
    ? shipped.replace(/^\s*reverse_proxy \/\.wakegate\/.*$/m, "")
    : shipped;
  await writeFile(join(folder.path, "Caddyfile"), options.edit?.(config) ?? config);
  return startProxy({
    program: findBinary("caddy") ?? "caddy",
    args: ["run", "--adapter", "caddyfile", "--config", join(folder.path, "Caddyfile")],
    env: {
      CADDY_ADMIN: "off",
      SITE: `http://:${String(port)}`,
      PORT: String(port),
      APP: options.app,
      WAKEGATE: options.wakegate,
      WAKEGATE_PUBLIC: options.wakegatePublic,
      FAIL_OPEN_PORT: String(await freePort()),
      HOME: folder.path,
      XDG_CONFIG_HOME: folder.path,
      XDG_DATA_HOME: folder.path,
    },
    port,
    owns: folder,
  });
}
