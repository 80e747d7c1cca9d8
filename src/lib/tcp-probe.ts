import { connect } from "node:net";
import type { Clock } from "./clock.ts";
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
export function probeTcp({ address, clock, preface }: TcpProbe, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: address.host, port: address.port, signal });
    let timer: Disposable | undefined;
    const finish = (result: ProbeResult): void => {
      timer?.[Symbol.dispose]();
      socket.destroy();
      resolve(result);
    };
    socket.on("connect", () => {
      if (preface) socket.write(preface);
      timer = clock.after(STAYS_OPEN_MS, () => finish({ kind: "answer", status: 0 }));
    });
    socket.on("data", () => finish({ kind: "answer", status: 0 }));
    socket.on("error", (error) => finish(silence(error)));
    socket.on("close", () => finish({ kind: "silent", error: "closed at once" }));
  });
}
