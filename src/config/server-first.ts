import { streamOf } from "./listener-check.ts";
import type { TargetSpec } from "./model.ts";
import type { Remark } from "./presets.ts";

/** Ports on which the client waits for the server's first words, by what is spoken there. */
const SERVER_FIRST: readonly (readonly [protocol: string, ports: readonly number[]])[] = [
  ["FTP", [21]],
  ["SSH", [22]],
  ["SMTP", [25, 587]],
  ["POP3", [110]],
  ["NNTP", [119]],
  ["IMAP", [143]],
  ["MySQL", [3306]],
  ["VNC", [5900, 5901]],
  ["MPD", [6600]],
];

/** Listeners that wait for a client which waits for the server: awake or asleep, nobody gets through. Pure. */
export function serverFirstRemarks(
  spec: Pick<TargetSpec, "tcp" | "stream" | "port" | "readiness">,
): readonly Remark[] {
  const { wakeOn } = spec.stream;
  for (const entry of spec.tcp ?? []) {
    const port = entry.port ?? spec.port ?? entry.listen.port;
    const spoken =
      SERVER_FIRST.find(([, ports]) => ports.includes(port))?.[0] ??
      (spec.readiness.kind === "mysql" && port === spec.port ? "MySQL" : undefined);
    if (spoken === undefined) continue;
    const hangs = `on port ${String(port)}, where ${spoken} is spoken, the server speaks first: clients would wait for ever`;
    const { protocol } = streamOf(spec, entry);
    if (protocol === "tls")
      return [remark(["stream", "protocol"], `${hangs}, since they begin with no TLS. Write protocol: tcp`)];
    if (protocol === "tcp" && wakeOn !== "connect")
      return [remark(["stream", "wake_on"], `${hangs}. Write wake_on: connect`)];
  }
  return [];
}

function remark(path: readonly string[], message: string): Remark {
  return { severity: "warning", path, message };
}
