import type { ProcessSpec, Settings } from "../../config/model.ts";
import { systemClock } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";
import { openProcessProvider } from "../../providers/open.ts";

/** Ends every process that the settings name and that still runs, and waits until it is gone. */
export async function endApps(settings: Settings): Promise<void> {
  const specs = new Map<string, ProcessSpec>();
  for (const { name, source } of settings.targets) {
    if (source.kind === "process") specs.set(name, source.process);
  }
  await using provider = await openProcessProvider(specs, {
    clock: systemClock,
    stateDir: settings.stateDir,
  });
  using limit = deadline(systemClock, 10_000, "end of the demo's app");
  for (const name of specs.keys()) {
    const found = await provider.inspect(name, limit.signal);
    if (found?.status !== "running" && found?.status !== "paused") continue;
    await provider.sleep(name, { method: "stop", timeoutMs: 2_000 }, limit.signal);
  }
}
