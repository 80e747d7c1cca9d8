import type { Clock } from "./clock.ts";
import { openSocket } from "./open-socket.ts";
import { silence, type HostAndPort, type ProbeResult } from "./probe-result.ts";

/** What a probe of a connection needs. */
export interface TcpProbe {
  readonly address: HostAndPort;
  readonly clock: Clock;
  /** Sent before everything else: the PROXY header of targets that require one. */
  readonly preface?: Uint8Array;
}

/** How long a silent connection must stay open to count: docker-proxy accepts before the app listens, then resets. */
const STAYS_OPEN_MS = 150;

/** A connect proved by bytes or by staying open. Never rejects. Status 0 stands for "it talks TCP". */
export async function probeTcp(
  { address, clock, preface }: TcpProbe,
  signal: AbortSignal,
): Promise<ProbeResult> {
  try {
    const socket = await openSocket(address, clock, signal);
    return await new Promise((resolve) => {
      const timer = clock.after(STAYS_OPEN_MS, () => finish({ kind: "answer", status: 0 }));
      const finish = (result: ProbeResult): void => {
        timer[Symbol.dispose]();
        socket.destroy();
        resolve(result);
      };
      socket.on("data", () => finish({ kind: "answer", status: 0 }));
      socket.on("error", (error) => finish(silence(error)));
      socket.on("close", () => finish({ kind: "silent", error: "closed at once", closed: true }));
      if (preface) socket.write(preface);
    });
  } catch (error) {
    return silence(error);
  }
}
