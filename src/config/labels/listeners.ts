import type { FileTarget, Problem, Settings, TargetSpec } from "../model.ts";
import type { ForwardSpec } from "../model/stream.ts";
import { formatListenAddress } from "../values/listen-address.ts";
import type { WakegateLabels } from "./wakegate.ts";

/** The listeners of a target: the file's, else those of its labels. */
export function listenersOf(
  own: WakegateLabels,
  file: FileTarget | undefined,
): Pick<TargetSpec, "tcp" | "udp"> {
  const tcp = file?.layer.tcp ?? own.layer.tcp;
  const udp = file?.layer.udp ?? own.layer.udp;
  return { ...(tcp && { tcp }), ...(udp && { udp }) };
}

/** Listeners of labels outside of the ports that the operator left to them. */
export function labelPortProblems(
  own: WakegateLabels,
  { tcpLabelPorts: [first, last] }: Pick<Settings, "tcpLabelPorts">,
  where: string,
): readonly Problem[] {
  const range = last < first ? "none" : `${String(first)}-${String(last)}`;
  const check = (key: string, forwards: readonly ForwardSpec[] = []): Problem[] =>
    forwards
      .filter(({ listen: { port } }) => port < first || port > last)
      .map(({ listen }) => ({
        severity: "error",
        where,
        key,
        value: formatListenAddress(listen),
        message: `labels may listen on ports ${range}: take one of these, widen tcp_label_ports, or define the listener in the file`,
      }));
  return [...check("wakegate.tcp", own.layer.tcp), ...check("wakegate.udp", own.layer.udp)];
}
