import type { BusyCheckSpec } from "../../config/model/use.ts";
import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";
import type { ExecResult } from "../../providers/provider.ts";
import type { Evidence } from "./evidence.ts";
import { httpGet, type HttpAnswer } from "./http-get.ts";

export interface BusyLook {
  readonly spec: BusyCheckSpec;
  /** `http://10.1.2.3:8096`, the target's own address; undefined: there is none that we can reach. */
  readonly base: string | undefined;
  /** Host header. */
  readonly host: string | undefined;
  readonly exec: (argv: readonly string[], signal: AbortSignal) => Promise<ExecResult>;
  readonly clock: Clock;
}

/**
 * Asks the app itself. Whatever is not a clear "no" counts as busy: an error, a deadline, an unexpected answer.
 *
 * @throws the signal's reason when it aborts.
 */
export async function lookAtBusyCheck(look: BusyLook, signal: AbortSignal): Promise<Evidence> {
  const { spec, clock } = look;
  using limit = deadline(clock, spec.timeoutMs, "the busy check", signal);
  try {
    if (spec.http) {
      const evidence = judgeAnswer(spec.http, await ask(look, spec.http.path, limit.signal));
      if (evidence.kind === "in-use" || !spec.exec) return evidence;
    }
    return judgeExit(await look.exec(spec.exec ?? [], limit.signal));
  } catch (error) {
    signal.throwIfAborted();
    return busy(`it could not be asked: ${messageOf(limit.signal.aborted ? limit.signal.reason : error)}`);
  }
}

function ask({ base, host }: BusyLook, path: string, signal: AbortSignal): Promise<HttpAnswer> {
  if (base === undefined) throw new Error("there is no address that leads to it");
  // Never anything but the path: `//other.host/` must not become another authority.
  const url = new URL(base);
  const [pathname = "/", ...query] = path.split("?");
  url.pathname = pathname;
  if (query.length > 0) url.search = query.join("?");
  return httpGet(url, host === undefined ? {} : { host }, signal);
}

/** Pure: what an answer says under the rules of the check. */
export function judgeAnswer(rules: NonNullable<BusyCheckSpec["http"]>, answer: HttpAnswer): Evidence {
  const { jsonPath, regex, statuses = [[200, 299]] } = rules;
  const expected = statuses.some(([low, high]) => answer.status >= low && answer.status <= high);
  if (!jsonPath && regex === undefined) {
    const detail = `answered ${String(answer.status)}`;
    return expected ? busy(detail) : quiet(detail);
  }
  if (!expected) return busy(`answered ${String(answer.status)}, which says neither yes nor no`);
  let subject = answer.body;
  if (jsonPath) {
    let value: unknown;
    try {
      value = valueAt(JSON.parse(answer.body), jsonPath);
    } catch {
      return busy("its answer is not JSON, or is longer than 64 KiB");
    }
    subject = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
    const detail = `${jsonPath.join(".")} is ${subject.slice(0, 80) || "absent"}`;
    if (regex === undefined) return isSomething(value) ? busy(detail) : quiet(detail);
  }
  const match = new RegExp(regex ?? "").exec(subject)?.[0];
  return match === undefined ? quiet("nothing in its answer matches") : busy(`it said ${match.slice(0, 80)}`);
}

function judgeExit({ exitCode, output }: ExecResult): Evidence {
  const said = output.trim().split("\n").at(-1)?.slice(0, 120) ?? "";
  const detail = `exit code ${String(exitCode)}${said && `, ${said}`}`;
  return exitCode === 1 ? quiet(detail) : busy(detail);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((here, key) => {
    if (typeof here !== "object" || here === null) return undefined;
    return Object.hasOwn(here, key) ? (here as Readonly<Record<string, unknown>>)[key] : undefined;
  }, value);
}

function isSomething(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function busy(detail: string): Evidence {
  return { source: "busy_check", kind: "in-use", detail };
}

function quiet(detail: string): Evidence {
  return { source: "busy_check", kind: "quiet", detail };
}
