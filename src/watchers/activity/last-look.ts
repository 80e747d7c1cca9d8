import type { Clock } from "../../lib/clock.ts";
import type { Usage } from "../../providers/provider.ts";
import type { Activity } from "./activity.ts";
import { lookAtNetwork, windowMs, type Evidence } from "./network-look.ts";

/** What the checks before a sleep may ask. */
export interface LastLookInput {
  readonly activity: Activity;
  readonly clock: Clock;
  readonly idleTimeoutMs: number;
  readonly usage: ((signal: AbortSignal) => Promise<Usage | undefined>) | undefined;
}

/** The result, with the evidence of each source for the log and for people. */
export interface LastLook {
  readonly inUse: boolean;
  readonly evidence: readonly { readonly source: string; readonly evidence: Evidence }[];
}

/**
 * The checks made when the idle timer fires, before anything is put to sleep: does it still move bytes? After a
 * long-lived handshake two quiet windows are needed, because such a connection may pause.
 *
 * @throws the signal's reason when it aborts.
 */
export async function lastLook(input: LastLookInput, signal: AbortSignal): Promise<LastLook> {
  const { activity, clock, usage } = input;
  if (!usage) return { inUse: false, evidence: [] };
  const windows = activity.presumedSessions ? 2 : 1;
  const evidence: { source: string; evidence: Evidence }[] = [];
  for (let i = 0; i < windows; i++) {
    const network = await lookAtNetwork(usage, windowMs(input.idleTimeoutMs), clock, signal);
    evidence.push({ source: "network", evidence: network });
    if (network.kind === "in-use") return { inUse: true, evidence };
    if (network.kind === "blind") break;
  }
  return { inUse: false, evidence };
}
