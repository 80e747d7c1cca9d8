import type { ProbeAddress } from "./address.ts";
import { probeHttp, type HttpProbe } from "../../lib/http-probe.ts";
import type { ProbeResult } from "../../lib/probe-result.ts";
import { probeMinecraft, probePostgres, probeRedis, type StreamProbe } from "./protocol-probes.ts";
import { probeMysql } from "./mysql-probe.ts";
import { probeTcp } from "../../lib/tcp-probe.ts";

/** The ways to ask an address whether somebody serves there. None rejects; an aborted signal gives "silent". */
export interface Probes {
  readonly http: (address: ProbeAddress, probe: HttpProbe, signal: AbortSignal) => Promise<ProbeResult>;
  readonly tcp: StreamProbe;
  readonly postgres: StreamProbe;
  readonly mysql: StreamProbe;
  readonly redis: StreamProbe;
  readonly minecraft: StreamProbe;
}

/** Over the network that we are on. */
export const networkProbes: Probes = {
  http: probeHttp,
  tcp: probeTcp,
  postgres: probePostgres,
  mysql: probeMysql,
  redis: probeRedis,
  minecraft: probeMinecraft,
};
