import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What the operating system says of a live process. */
export interface Probe {
  /** The same for as long as the process lives, and of no other process: a process id alone is used again. */
  readonly identity: string;
  /** Suspended by a signal. */
  readonly suspended: boolean;
}

/** The process with this id, undefined when it has ended (also when nobody has reaped it yet). */
export function probe(pid: number): Probe | undefined {
  const boot = bootId();
  return boot === undefined ? probeByPs(pid) : probeByProc(pid, boot);
}

let cachedBootId: string | undefined;

/** Start times count from the boot, so they only mean something together with it. Undefined without /proc. */
function bootId(): string | undefined {
  return (cachedBootId ??= read("/proc/sys/kernel/random/boot_id")?.trim());
}

function probeByProc(pid: number, boot: string): Probe | undefined {
  const stat = read(`/proc/${String(pid)}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the command in parentheses, which may hold anything: count from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state = ""] = fields;
  const startTicks = fields[19];
  if (startTicks === undefined || state === "Z" || state === "X") return undefined;
  return { identity: `${boot}/${startTicks}`, suspended: state === "T" };
}

function probeByPs(pid: number): Probe | undefined {
  try {
    const output = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, LC_ALL: "C" },
    });
    const [state = "", ...started] = output.trim().split(/\s+/);
    if (state === "" || state.startsWith("Z")) return undefined;
    return { identity: started.join(" "), suspended: state.startsWith("T") };
  } catch {
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
