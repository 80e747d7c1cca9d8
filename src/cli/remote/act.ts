import { parseArgs } from "node:util";
import type { TargetView } from "../../admin/api/target-view.ts";
import { WakegateError } from "../../errors.ts";
import type { Output } from "../output.ts";
import { untilInterrupted } from "./interrupt.ts";
import { REMOTE_ARGS, remoteClient } from "./remote-options.ts";
import { durationOf } from "./wake.ts";

/** `wakegate sleep NAME…`. */
export async function sleepCommand(args: string[], output: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...REMOTE_ARGS, force: { type: "boolean" } },
  });
  return await each(values, positionals, "sleep", { force: values.force === true }, (target) =>
    output.out(`${target.name}: ${target.summary.fact}`),
  );
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
  const until = values.until === undefined ? undefined : momentOf(values.until, Date.now());
  const body = {
    ...(values.for !== undefined && { for: values.for }),
    ...(until !== undefined && { until }),
    ...(values.reason !== undefined && { reason: values.reason }),
  };
  const word = call === "pin" ? "kept awake" : "kept asleep";
  const end =
    values.for === undefined ? (until === undefined ? "without end" : `until ${until}`) : `for ${values.for}`;
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
  const client = remoteClient(values);
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
 * @throws WakegateError `usage`.
 */
export function momentOf(written: string, now: number): string {
  const clock = /^(\d{1,2}):(\d{2})$/.exec(written);
  if (clock) {
    const at = new Date(now);
    at.setHours(Number(clock[1]), Number(clock[2]), 0, 0);
    if (at.getTime() <= now) at.setDate(at.getDate() + 1);
    return at.toISOString();
  }
  const at = Date.parse(written);
  if (Number.isNaN(at)) throw new WakegateError("usage", `"${written}" is neither 22:00 nor a date and time`);
  return new Date(at).toISOString();
}
