import { formatListenAddress } from "../../../config/values/listen-address.ts";
import type { TcpSpec } from "../../../config/model/stream.ts";
import type { PublishTarget } from "../input.ts";

/** The listener of Wakegate's that leads to a port of a target, as Traefik reaches it, or why there is none. */
export type ShimAddress =
  { readonly address: string; readonly listener: TcpSpec } | { readonly problem: string };

/**
 * Finds the listener by the port of the target behind it: the label's, else the one that answered before, else
 * the lowest that the image declares, as Traefik infers it. Only the listener of a target with a single one needs no such port.
 */
export function shimAddress(
  target: PublishTarget,
  port: string | undefined,
  internalUrl: string,
): ShimAddress {
  const { spec, exposedPorts } = target;
  const written = port?.trim() ?? "";
  if (written !== "" && !/^\d{1,5}$/.test(written)) return { problem: "expected a port from 1 to 65535" };
  const listeners = spec.tcp ?? [];
  const wanted = written === "" ? exposedPorts[0] : Number(written);
  const own = (listener: TcpSpec): number | undefined => listener.port ?? spec.port ?? exposedPorts[0];
  const [only] = listeners.length === 1 && written === "" ? listeners : [];
  const listener = listeners.find((one) => own(one) === wanted) ?? only;
  if (!listener) {
    const shown = wanted === undefined ? "its port" : `port ${String(wanted)}`;
    return {
      problem: `no listener of Wakegate leads to ${shown}: add wakegate.tcp, such as "5432:${String(wanted ?? 5432)}"`,
    };
  }
  const { host } = listener.listen;
  // What listens on every address is where Traefik finds Wakegate itself.
  const anywhere = host === "0.0.0.0" || host === "::";
  const reached = anywhere ? new URL(internalUrl).hostname.replace(/^\[|\]$/g, "") : host;
  return { address: formatListenAddress({ host: reached, port: listener.listen.port }), listener };
}
