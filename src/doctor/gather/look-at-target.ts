import { connect } from "node:net";
import type { TargetSpec } from "../../config/model.ts";
import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";
import type { InstanceSummary, Provider } from "../../providers/provider.ts";
import {
  candidatePorts,
  isPortGuessed,
  probeAddresses,
  vantageFrom,
  type ProbeAddress,
} from "../../watchers/readiness/address.ts";
import type { Failure } from "../../watchers/progress.ts";
import type { TargetScene } from "../scene.ts";

/** A target as the plan has it. */
export interface KnownTarget {
  readonly spec: TargetSpec;
  readonly provider?: Provider;
  /** Id of what it is now. */
  readonly instance?: string;
  readonly instances: readonly InstanceSummary[];
  readonly self?: InstanceSummary;
  readonly lastUseAt?: number;
  readonly provenPort?: number;
  readonly failure?: Failure;
}

const CONNECT_MS = 2_000;

/** Inspects a target and, while it runs, knocks at its addresses. Never throws but for `signal`. */
export async function lookAtTarget(
  { spec, provider, instance: id, instances, self, lastUseAt, provenPort, failure }: KnownTarget,
  clock: Clock,
  signal: AbortSignal,
): Promise<TargetScene> {
  const base = {
    spec,
    engine: spec.source.engine,
    ...(lastUseAt !== undefined && { lastUseAt }),
    ...(provenPort !== undefined && { provenPort }),
    ...(failure && { failure }),
  };
  const instance = await inspected(provider, id, signal);
  if (!instance) return { ...base, tried: [] };
  const owner =
    instance.networkOwner === undefined
      ? undefined
      : instances.find(({ id, name }) => id === instance.networkOwner || name === instance.networkOwner);
  const ports = isPortGuessed(spec, instance) ? candidatePorts(spec, instance, provenPort) : [undefined];
  const addresses =
    instance.status === "running"
      ? ports.flatMap((port) => probeAddresses(spec, instance, owner, vantageFrom(self), port))
      : [];
  const tried = await Promise.all(addresses.map((address) => knock(address, clock, signal)));
  return { ...base, instance, ...(owner && { owner }), tried };
}

async function inspected(provider: Provider | undefined, id: string | undefined, signal: AbortSignal) {
  if (!provider || id === undefined) return undefined;
  try {
    return await provider.inspect(id, signal);
  } catch {
    // The engine's own check says why.
    signal.throwIfAborted();
    return undefined;
  }
}

function knock(
  { host, port }: ProbeAddress,
  clock: Clock,
  parent: AbortSignal,
): Promise<TargetScene["tried"][number]> {
  const address = `${host}:${String(port)}`;
  const limit = deadline(clock, CONNECT_MS, "connection", parent);
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal: limit.signal });
    const end = (failure?: string): void => {
      socket.destroy();
      limit[Symbol.dispose]();
      resolve({ address, ...(failure !== undefined && { failure }) });
    };
    socket.once("connect", () => end());
    socket.once("error", (error) => end(messageOf(limit.signal.aborted ? limit.signal.reason : error)));
  });
}
