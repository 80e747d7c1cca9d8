import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";
import { findBinary, type Engine } from "../../test/support/require.ts";
import { version } from "../../src/version.ts";

/** Where a report was measured, as rows of name and value. */
export function machineFacts(): readonly (readonly [string, string])[] {
  const [first] = cpus();
  return [
    ["Wakegate", version()],
    ["Node", process.versions.node],
    ["CPU", `${String(cpus().length)} x ${first?.model ?? "unknown"}`],
    ["Memory", `${String(Math.round(totalmem() / 1024 ** 3))} GiB`],
    ["Kernel", release()],
    [
      "Load at the end (1, 5, 15 min)",
      loadavg()
        .map((load) => load.toFixed(1))
        .join(", "),
    ],
    ...PROGRAMS.flatMap(([engine, args, pattern]) => {
      const found = versionOf(engine, args, pattern);
      return found === undefined ? [] : [[engine, found] as const];
    }),
  ];
}

const PROGRAMS: readonly (readonly [Engine, readonly string[], RegExp])[] = [
  ["docker", ["--version"], /version ([\d.]+)/],
  ["traefik", ["version"], /Version:\s+v?([\d.]+)/],
  ["caddy", ["version"], /v?([\d.]+)/],
  ["nginx", ["-v"], /nginx\/([\d.]+)/],
  ["haproxy", ["-v"], /version ([\d.]+)/],
  ["socat", ["-V"], /socat version ([\d.]+)/],
];

function versionOf(engine: Engine, args: readonly string[], pattern: RegExp): string | undefined {
  const binary = findBinary(engine);
  if (binary === undefined) return undefined;
  try {
    // nginx tells its version on stderr.
    const text = execFileSync("sh", ["-c", `"$0" "$@" 2>&1`, binary, ...args], { encoding: "utf8" });
    return pattern.exec(text)?.[1];
  } catch {
    return undefined;
  }
}
