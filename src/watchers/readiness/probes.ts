import type { Clock } from "../../lib/clock.ts";
import type { ProbeAddress } from "./address.ts";
import { probeHttp, type HttpProbe, type ProbeResult } from "./http-probe.ts";
import { probeMinecraft, probePostgres, probeRedis } from "./protocol-probes.ts";
import { probeTcp } from "./tcp-probe.ts";

type StreamProbe = (address: ProbeAddress, clock: Clock, signal: AbortSignal) => Promise<ProbeResult>;

/** The ways to ask an address whether somebody serves there. None rejects; an aborted signal gives "silent". */
export interface Probes {
  readonly http: (address: ProbeAddress, probe: HttpProbe, signal: AbortSignal) => Promise<ProbeResult>;
  readonly tcp: StreamProbe;
  readonly postgres: StreamProbe;
  readonly redis: StreamProbe;
  readonly minecraft: StreamProbe;
}

/** Over the network that we are on. */
export const networkProbes: Probes = {
  http: probeHttp,
  tcp: probeTcp,
  postgres: probePostgres,
  redis: probeRedis,
  minecraft: probeMinecraft,
};
