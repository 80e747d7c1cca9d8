import { parseArgs } from "node:util";
import { loadSettings } from "../../config/load.ts";
import { examineAlone } from "../../doctor/alone.ts";
import { parseEntry } from "../../doctor/gather/entries.ts";
import type { Report } from "../../doctor/report.ts";
import { WakegateError } from "../../errors.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Output } from "../output.ts";
import { untilInterrupted } from "../remote/interrupt.ts";
import { REMOTE_ARGS, remoteClient, type RemoteValues } from "../remote/remote-options.ts";
import { problemText } from "../problem-text.ts";
import { reportText } from "./report-text.ts";

/** Longer than the service takes at most. */
const LIMIT_MS = 60_000;

/** `wakegate doctor`: exit code 0 without problems, else 1. */
export async function doctor(args: string[], output: Output): Promise<number> {
  const { values } = parseArgs({
    args,
    allowPositionals: false,
    options: {
      ...REMOTE_ARGS,
      proxy: { type: "string" },
      alone: { type: "boolean" },
      json: { type: "boolean" },
    },
  });
  const { proxy } = values;
  if (proxy !== undefined && !parseEntry(proxy))
    throw new WakegateError("usage", `"${proxy}" is no address of a proxy, such as https://192.168.1.5`);
  return await untilInterrupted(async (signal) => {
    const loaded = await loadSettings(values.config === undefined ? {} : { file: values.config });
    const asked = values.alone ? undefined : await askService(values, proxy, signal);
    if (typeof asked === "object") return tell(asked, values.json === true, output);
    if ("problems" in loaded) {
      for (const problem of loaded.problems) output.err(problemText(problem, output));
      throw new WakegateError(
        "config_invalid",
        `${asked === undefined ? "" : `${asked}. `}The configuration has errors, so Wakegate cannot start: mend them first.`,
      );
    }
    const { settings, warnings } = loaded;
    const down = asked === undefined ? {} : { serviceDown: asked };
    const input = { settings, warnings, ...down, clock: systemClock };
    return tell(await examineAlone(input, signal), values.json === true, output);
  });
}

/** What the running Wakegate found, or why it was not reached. */
async function askService(
  values: RemoteValues,
  proxy: string | undefined,
  signal: AbortSignal,
): Promise<Report | string> {
  try {
    const client = await remoteClient(values, { limitMs: LIMIT_MS });
    return await client.post<Report>("/doctor", proxy === undefined ? {} : { proxy }, signal);
  } catch (error) {
    if (error instanceof WakegateError && error.code === "remote_unreachable")
      return error.message.split(". ", 1)[0] ?? "";
    throw error;
  }
}

function tell(report: Report, json: boolean, output: Output): number {
  output.out(json ? JSON.stringify(report, null, 2) : reportText(report, output));
  return report.ok ? 0 : 1;
}
