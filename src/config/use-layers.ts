import type { DefaultsLayer } from "./schema/target.ts";
import type { BusyCheckSpec, ScheduleSpec, UseOptions } from "./model/use.ts";

const BUSY_TIMEOUT_MS = 5_000;

/** The part of a target's options that says what counts as use, out of merged layers. */
export function toUseOptions(merged: DefaultsLayer): UseOptions {
  const { pause_after, stop_after, min_uptime, dry_run, activity, busy_check, schedule } = merged;
  const busyCheck = busy_check && toBusyCheck(busy_check);
  return {
    ...optional("pauseAfterMs", pause_after),
    ...optional("stopAfterMs", stop_after),
    ...optional("minUptimeMs", min_uptime),
    ...optional("dryRun", dry_run),
    ...(activity && {
      activity: {
        ...optional("networkAbove", activity.network_above),
        ...optional("cpuAbove", activity.cpu_above),
        ...optional("ignorePeers", activity.ignore_peers),
      },
    }),
    ...optional("busyCheck", busyCheck),
    ...optional("schedule", schedule && toSchedule(schedule)),
  };
}

function toBusyCheck({
  http,
  exec,
  timeout,
}: NonNullable<DefaultsLayer["busy_check"]>): BusyCheckSpec | undefined {
  const asks = http?.path !== undefined;
  if (!asks && !exec?.length) return undefined;
  return {
    ...(asks && {
      http: {
        path: http.path ?? "/",
        ...optional("port", http.port),
        ...optional("jsonPath", http.json_path),
        ...optional("regex", http.regex),
        ...optional("statuses", http.status),
      },
    }),
    ...(exec?.length && { exec }),
    timeoutMs: timeout ?? BUSY_TIMEOUT_MS,
  };
}

function toSchedule(layer: NonNullable<DefaultsLayer["schedule"]>): ScheduleSpec {
  const prewake = layer.prewake === undefined ? 0 : layer.prewake;
  return {
    ...optional("timeZone", layer.time_zone),
    awake: layer.awake ?? [],
    noWake: layer.no_wake ?? [],
    ...(prewake !== null && { prewakeMs: prewake }),
    ...optional("every", layer.every),
  };
}

function optional<K extends string, T>(name: K, value: T | undefined): Partial<Record<K, T>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, T>);
}
