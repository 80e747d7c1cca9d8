import { parseArgs } from "node:util";
import type { TargetView } from "../../admin/api/target-view.ts";
import { finished } from "../../admin/text.ts";
import { formatDuration, parseDuration } from "../../config/values/duration.ts";
import { WakegateError } from "../../errors.ts";
import { sleep, systemClock } from "../../lib/clock.ts";
import { DeadlineError, deadline } from "../../lib/signals.ts";
import { styled, type Output } from "../output.ts";
import type { RemoteClient } from "./client.ts";
import { untilInterrupted } from "./interrupt.ts";
import { REMOTE_ARGS, remoteClient } from "./remote-options.ts";

const ASK_EVERY_MS = 250;
const DEFAULT_TIMEOUT_MS = 10 * 60_000;

/** `wakegate wake NAME…`: wakes, tells how it goes on, exit code 0 when all are ready. */
export async function wake(args: string[], output: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...REMOTE_ARGS, "no-wait": { type: "boolean" }, timeout: { type: "string" } },
  });
  if (positionals.length === 0) throw new WakegateError("usage", "name the target to wake");
  const client = await remoteClient(values);
  const ms = values.timeout === undefined ? DEFAULT_TIMEOUT_MS : durationOf(values.timeout);
  return await untilInterrupted(async (signal) => {
    const results = await Promise.all(
      positionals.map(async (name) => {
        await client.post(`/targets/${encodeURIComponent(name)}/wake`, {}, signal);
        return values["no-wait"] === true || (await followWake(client, name, ms, output, signal));
      }),
    );
    return results.every(Boolean) ? 0 : 1;
  });
}

/** Tells the phases of a wake until it is over. Resolves to whether the target is ready. */
export async function followWake(
  client: RemoteClient,
  name: string,
  timeoutMs: number,
  output: Output,
  signal: AbortSignal,
): Promise<boolean> {
  using limit = deadline(systemClock, timeoutMs, name, signal);
  try {
    return await follow(client, name, output, limit.signal);
  } catch (error) {
    if (!(limit.signal.reason instanceof DeadlineError)) throw error;
    output.err(
      styled(output, "red", `${name} is not ready after ${formatDuration(timeoutMs)}; it goes on waking`),
    );
    return false;
  }
}

async function follow(
  client: RemoteClient,
  name: string,
  output: Output,
  signal: AbortSignal,
): Promise<boolean> {
  const began = systemClock.monotonic();
  let told = "";
  for (;;) {
    const target = await client.get<TargetView>(`/targets/${encodeURIComponent(name)}`, signal);
    const elapsed = finished(systemClock.monotonic() - began).replaceAll("\u00a0", " ");
    if (target.state === "awake") {
      output.err(styled(output, "yellow", `${name} is ready after ${elapsed}`));
      return true;
    }
    if (target.state === "failed" || target.state === "gone" || target.state === "unknown") {
      const why = target.failure?.message ?? target.unavailable ?? target.summary.fact;
      output.err(styled(output, "red", `${name} failed to wake: ${why}`));
      for (const line of target.failure?.log ?? []) output.err(`  | ${line}`);
      return false;
    }
    if (target.summary.fact !== told) {
      told = target.summary.fact;
      const usually = target.progress.usuallyMs;
      const hint = usually === undefined ? "" : `, usually ${finished(usually).replaceAll("\u00a0", " ")}`;
      output.err(`${name}: ${told} (${elapsed} so far${hint})`);
    }
    await sleep(systemClock, ASK_EVERY_MS, signal);
  }
}

/** @throws WakegateError `usage` for what is no duration. */
export function durationOf(written: string): number {
  const parsed = parseDuration(written);
  if (!parsed.ok) throw new WakegateError("usage", parsed.message);
  return parsed.value;
}
