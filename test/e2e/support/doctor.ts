import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Finding, Level } from "../../../src/doctor/finding.ts";
import type { Report } from "../../../src/doctor/report.ts";
import type { RunningWakegate } from "./wakegate.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** What `wakegate doctor` wrote, and its exit code. */
export interface DoctorRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `wakegate doctor` as a process of its own. `prefix`: a program that runs it, such as setpriv. */
export async function runDoctor(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly prefix?: readonly string[] } = {},
): Promise<DoctorRun> {
  const [program = "", ...rest] = [
    ...(options.prefix ?? []),
    process.execPath,
    "--import",
    "tsx",
    "src/main.ts",
    "doctor",
    ...args,
  ];
  const child = spawn(program, rest, { cwd: ROOT, env: { ...process.env, ...options.env } });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  await once(child, "close");
  return { code: child.exitCode, out, err };
}

/** Asks the running Wakegate's API. Without `proxy` the doctor has to find it. */
export async function askDoctor(
  { internal, asAdmin }: Pick<RunningWakegate, "internal" | "asAdmin">,
  proxy?: string,
): Promise<Report> {
  const answer = await fetch(`http://${internal}/api/v1/doctor`, {
    method: "POST",
    headers: { "content-type": "application/json", ...asAdmin },
    body: JSON.stringify(proxy === undefined ? {} : { proxy }),
  });
  if (answer.status !== 200) throw new Error(await answer.text());
  return (await answer.json()) as Report;
}

/** The findings of one check, of one target where it is named. */
export function findingsOf(report: Report, id: string, target?: string): readonly Finding[] {
  return report.findings.filter(
    (finding) => finding.id === id && (target === undefined || finding.target === target),
  );
}

/** Level and layer of all that is not good, one line each: `problem proxy forward-auth`. */
export function complaints(report: Report, levels: readonly Level[] = ["problem"]): readonly string[] {
  return report.findings
    .filter(({ level }) => levels.includes(level))
    .map(({ level, layer, id }) => `${level} ${layer} ${id}`);
}
