import { get } from "node:http";
import { parseArgs } from "node:util";
import { loadSettings } from "../config/load.ts";
import type { ListenAddress } from "../config/model/stream.ts";
import { formatListenAddress } from "../config/values/listen-address.ts";
import { systemClock } from "../lib/clock.ts";
import { deadline } from "../lib/signals.ts";
import type { Output } from "./output.ts";

/** A service that does not say that it lives within this time does not. */
const LIMIT_MS = 5_000;

/** `wakegate health`: asks `/healthz` of the internal listener. Resolves to the exit code. */
export async function health(args: string[], output: Output): Promise<number> {
  const { values } = parseArgs({ args, options: { config: { type: "string" } } });
  const loaded = await loadSettings(values.config === undefined ? {} : { file: values.config });
  if ("problems" in loaded) {
    output.err("wakegate health: the configuration has errors; wakegate check lists them.");
    return 1;
  }
  const { listen } = loaded.settings;
  using limit = deadline(systemClock, LIMIT_MS, formatListenAddress(listen));
  const status = await statusOf(listen, limit.signal);
  if (status === 200) return 0;
  output.err(`wakegate health: ${formatListenAddress(listen)}: ${String(status)}`);
  return 1;
}

function statusOf({ host, port }: ListenAddress, signal: AbortSignal): Promise<number | string> {
  const everywhere = host === "0.0.0.0" || host === "::";
  return new Promise((resolve) => {
    get(
      { host: everywhere ? "127.0.0.1" : host, port, path: "/healthz", agent: false, signal },
      (response) => {
        response.destroy();
        resolve(response.statusCode ?? 0);
      },
    ).on("error", (error) => resolve(error.message));
  });
}
