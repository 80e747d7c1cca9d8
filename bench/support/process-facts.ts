import { readdirSync, readFileSync } from "node:fs";

/**
 * CPU time that a process has used so far, all its threads, in microseconds. What other programs do on the machine
 * does not count into it, so it tells the truth where wall time does not.
 */
export function cpuUs(pid: number): number {
  const tasks = `/proc/${String(pid)}/task`;
  let ns = 0;
  for (const task of readdirSync(tasks)) {
    // A thread may end between the listing and the reading.
    const text = read(`${tasks}/${task}/schedstat`);
    ns += Number(text.split(" ")[0] ?? 0);
  }
  return ns / 1_000;
}

/** Memory of a process that is in RAM, in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "0";
  }
}
