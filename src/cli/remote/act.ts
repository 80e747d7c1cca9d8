import { parseArgs } from "node:util";
import type { TargetView } from "../../admin/api/target-view.ts";
import { WakegateError } from "../../errors.ts";
import { sleep, systemClock } from "../../lib/clock.ts";
import type { Output } from "../output.ts";
import type { RemoteClient } from "./client.ts";
import { untilInterrupted } from "./interrupt.ts";
import { REMOTE_ARGS, remoteClient } from "./remote-options.ts";
import { durationOf } from "./wake.ts";

const ASK_EVERY_MS = 250;

/** `wakegate sleep NAME…`: waits until each sleeps or is found in use; exit code 0 when all sleep. */
export async function sleepCommand(args: string[], output: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...REMOTE_ARGS, force: { type: "boolean" }, "no-wait": { type: "boolean" } },
  });
  if (positionals.length === 0) throw new WakegateError("usage", "name the target");
  const client = await remoteClient(values);
  return await untilInterrupted(async (signal) => {
    let code = 0;
    for (const name of positionals) {
      const path = `/targets/${encodeURIComponent(name)}`;
      await client.post(`${path}/sleep`, { force: values.force === true }, signal);
      if (values["no-wait"] === true) output.out(`${name}: going to sleep`);
      else if (!(await followSleep(client, name, output, signal))) code = 1;
    }
    return code;
  });
}

/** Tells what happens until the target sleeps. False: the final check found it in use, or something woke it. */
async function followSleep(
  client: RemoteClient,
  name: string,
  output: Output,
  signal: AbortSignal,
): Promise<boolean> {
  let told = "";
  const tell = (line: string): void => {
    if (line !== told) output.err(line);
    told = line;
  };
  for (let wasStopping = false; ;) {
    const target = await client.get<TargetView>(`/targets/${encodeURIComponent(name)}`, signal);
    if (target.state === "asleep" || target.state === "paused" || target.state === "closed") {
      output.out(`${name}: asleep`);
      return true;
    }
    if (target.state === "stopping") {
      wasStopping = true;
      tell(`${name}: stopping`);
    } else if (wasStopping || target.state !== "awake" || target.inUse) {
      const uses = target.evidence
        .filter(({ holding, source }) => holding && source !== "request")
        .map(({ label, detail }) => `${label}: ${detail}`);
      const why = uses.length > 0 ? uses.join("; ") : target.summary.fact;
      output.err(`${name} stays awake. ${why}. Use --force to put it to sleep anyway.`);
      return false;
    } else tell(`${name}: checking whether it is in use`);
    await sleep(systemClock, ASK_EVERY_MS, signal);
  }
}

/** `wakegate pin NAME…` and `wakegate hold NAME…`. */
export async function keep(call: "pin" | "hold", args: string[], output: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...REMOTE_ARGS,
      for: { type: "string" },
      until: { type: "string" },
      reason: { type: "string" },
    },
  });
  if (values.for !== undefined && values.until !== undefined)
    throw new WakegateError("usage", "give --for or --until, not both");
  if (values.for !== undefined) durationOf(values.for);
  const until = values.until === undefined ? undefined : momentOf(values.until, systemClock.now());
  const body = {
    ...(values.for !== undefined && { for: values.for }),
    ...(until !== undefined && { until }),
    ...(values.reason !== undefined && { reason: values.reason }),
  };
  const word = call === "pin" ? "kept awake" : "kept asleep";
  const end =
    values.for === undefined
      ? until === undefined
        ? "without end"
        : `until ${localMoment(until)}`
      : `for ${values.for}`;
  return await each(values, positionals, call, body, (target) =>
    output.out(`${target.name}: ${word} ${end}`),
  );
}

/** `wakegate unpin NAME…` and `wakegate release NAME…`. */
export async function letGo(call: "unpin" | "release", args: string[], output: Output): Promise<number> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: REMOTE_ARGS });
  return await each(values, positionals, call, {}, (target) =>
    output.out(`${target.name}: ${target.summary.fact}`),
  );
}

async function each(
  values: Parameters<typeof remoteClient>[0],
  names: readonly string[],
  call: string,
  body: object,
  tell: (target: TargetView) => void,
): Promise<number> {
  if (names.length === 0) throw new WakegateError("usage", "name the target");
  const client = await remoteClient(values);
  return await untilInterrupted(async (signal) => {
    for (const name of names) {
      tell(await client.post<TargetView>(`/targets/${encodeURIComponent(name)}/${call}`, body, signal));
    }
    return 0;
  });
}

/**
 * `22:00` (today, or tomorrow when that is over) or a date and time, as ISO 8601.
 *
 * @throws WakegateError `usage` for what is no time, or lies in the past.
 */
export function momentOf(written: string, now: number): string {
  const clock = /^(\d{1,2}):(\d{2})$/.exec(written);
  if (clock) {
    const [hours, minutes] = [Number(clock[1]), Number(clock[2])];
    if (hours > 23 || minutes > 59)
      throw new WakegateError("usage", `"${written}" is no time of day: 00:00 to 23:59 are`);
    const at = new Date(now);
    at.setHours(hours, minutes, 0, 0);
    if (at.getTime() <= now) at.setDate(at.getDate() + 1);
    return at.toISOString();
  }
  const at = Date.parse(written);
  if (Number.isNaN(at))
    throw new WakegateError(
      "usage",
      `"${written}" is neither a time of day (22:00) nor a date and time (2026-12-24T18:00)`,
    );
  if (at <= now)
    throw new WakegateError(
      "usage",
      `"${written}" is in the past: ${localMoment(new Date(at).toISOString())}`,
    );
  return new Date(at).toISOString();
}

/** `2026-12-24 18:00 GMT+1`: a moment in the local time of the person who runs the command, with the time zone. */
function localMoment(iso: string): string {
  const at = new Date(iso);
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const zone = Intl.DateTimeFormat("en", { timeZoneName: "short" })
    .formatToParts(at)
    .find(({ type }) => type === "timeZoneName")?.value;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())} ${zone ?? ""}`.trim();
}
