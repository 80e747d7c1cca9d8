import type { TargetSpec } from "../../config/model.ts";
import type { Clock } from "../../lib/clock.ts";
import { sleep } from "../../lib/clock.ts";
import { deadline, linkSignals } from "../../lib/signals.ts";
import type { Instance, InstanceSummary, Provider } from "../../providers/provider.ts";
import type { Vantage } from "./address.ts";
import type { ProbeResult } from "../../lib/probe-result.ts";
import { good } from "./good.ts";
import { nextProbeInMs } from "./spacing.ts";
import type { Probes } from "./probes.ts";
import { chooseWays, type Probe } from "./ways.ts";

/** What a proof of readiness needs. */
export interface ProveInput {
  readonly spec: TargetSpec;
  readonly provider: Provider;
  readonly clock: Clock;
  /** The run to be proved; the proof gives up when the engine shows another. */
  readonly instance: Instance;
  /** The instance that owns the network namespace, for `network_mode: service:…`. */
  readonly owner: InstanceSummary | undefined;
  readonly vantage: Vantage;
  /** Where the host's proc file system is readable. */
  readonly procDir?: string;
  /** Learned time from here to the first answer. */
  readonly expectedMs?: number;
  /** How addresses are asked. */
  readonly probes: Probes;
  /** Told after each probe that failed. */
  readonly onTry: (tries: number, result: ProbeResult) => void;
}

/**
 * Resolves when the target has proved that it answers. Probes for as long as the signal lets it: the caller
 * sets the deadline.
 *
 * @throws WakeFailedError `no_address` when there is no way at all to ask it; the signal's reason on abort.
 */
export async function proveReady(input: ProveInput, signal: AbortSignal): Promise<void> {
  const ways = await chooseWays(input);
  if (ways.length === 0) return;
  const findings = new Findings(input);
  using asking = linkSignals(signal);
  // Each at its own pace: one that is silent until its time is over must not keep the others waiting.
  try {
    await Promise.race(ways.map((way, index) => untilGood(input, way, index, findings, asking.signal)));
  } finally {
    // Others may still wait for an answer that nobody needs now.
    asking.abort(new Error("another address answered"));
  }
}

/** What the last probe of each way brought. */
class Findings {
  readonly #input: ProveInput;
  readonly #latest = new Map<number, ProbeResult>();
  #tries = 0;

  constructor(input: ProveInput) {
    this.#input = input;
  }

  /** A probe failed. The most telling of what is known now is passed on: an answer rather than a silence. */
  add(way: number, result: ProbeResult): void {
    this.#latest.set(way, result);
    this.#tries += 1;
    const telling = [...this.#latest.values()].find(({ kind }) => kind === "answer");
    this.#input.onTry(this.#tries, telling ?? result);
  }

  /** A better way is open and says that nobody listens: then this one leads to nobody, too. */
  isVain(way: number): boolean {
    for (const [index, one] of this.#latest)
      if (index < way && one.kind === "silent" && one.refused === true) return true;
    return false;
  }
}

async function untilGood(
  { clock, spec, expectedMs }: ProveInput,
  probe: Probe,
  way: number,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const began = clock.monotonic();
  for (;;) {
    using limit = deadline(clock, spec.readiness.timeoutMs, `probe of ${spec.name}`, signal);
    const result = await probe(limit.signal);
    // One that has several addresses may have been asked at all of them.
    limit.abort(new Error("this round of probes is over"));
    signal.throwIfAborted();
    if (result.kind === "answer" && good(spec, result.status)) return;
    findings.add(way, result);
    const outcome = result.kind === "answer" ? "bad" : result.refused ? "refused" : "silent";
    const spacing = {
      elapsedMs: clock.monotonic() - began,
      outcome: outcome === "silent" && findings.isVain(way) ? "vain" : outcome,
      ...(expectedMs !== undefined && { expectedMs }),
    } as const;
    await sleep(clock, nextProbeInMs(spacing), signal);
  }
}
