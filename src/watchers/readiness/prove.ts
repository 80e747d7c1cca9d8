import type { TargetSpec } from "../../config/model.ts";
import type { Clock } from "../../lib/clock.ts";
import { sleep } from "../../lib/clock.ts";
import { deadline, linkSignals } from "../../lib/signals.ts";
import type { Instance, InstanceSummary, Provider } from "../../providers/provider.ts";
import type { ProbeAddress, Vantage } from "./address.ts";
import type { ProbeResult } from "../../lib/probe-result.ts";
import { good } from "./good.ts";
import { nextProbeInMs } from "./spacing.ts";
import type { Probes } from "./probes.ts";
import { chooseWays, type Way } from "./ways.ts";

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
  /** The port that answered at an earlier wake, where it has to be guessed. */
  readonly provenPort?: number;
  /** Told after each probe that failed; `silent`: see {@link Silence}. */
  readonly onTry: (tries: number, result: ProbeResult, silent?: Silence) => void;
}

/** All addresses say that nothing listens there, since so many ms. */
export interface Silence {
  readonly ms: number;
  readonly addresses: readonly ProbeAddress[];
}

/**
 * Resolves when the target has proved that it answers, with the address that did, if any. Probes for as long as the signal lets it: the caller
 * sets the deadline.
 *
 * @throws WakeFailedError `no_address` when there is no way at all to ask it; the signal's reason on abort.
 */
export async function proveReady(input: ProveInput, signal: AbortSignal): Promise<ProbeAddress | undefined> {
  const ways = await chooseWays(input);
  if (ways.length === 0) return undefined;
  const findings = new Findings(input, ways);
  using asking = linkSignals(signal);
  // Each at its own pace: one that is silent until its time is over must not keep the others waiting.
  try {
    return await Promise.race(
      ways.map((way, index) => untilGood(input, way, index, findings, asking.signal)),
    );
  } finally {
    // Others may still wait for an answer that nobody needs now.
    asking.abort(new Error("another address answered"));
  }
}

/** What the last probe of each way brought. */
class Findings {
  readonly #input: ProveInput;
  readonly #ways: readonly Way[];
  readonly #latest = new Map<number, ProbeResult>();
  #tries = 0;
  /** Monotonic ms since when all addresses say that nothing listens there. */
  #silentSince: number | undefined;

  constructor(input: ProveInput, ways: readonly Way[]) {
    this.#input = input;
    this.#ways = ways;
  }

  /** A probe failed. The most telling of what is known now is passed on: an answer rather than a silence. */
  add(way: number, result: ProbeResult): void {
    this.#latest.set(way, result);
    this.#tries += 1;
    const telling = [...this.#latest.values()].find(({ kind }) => kind === "answer");
    this.#input.onTry(this.#tries, telling ?? result, this.#silence());
  }

  #silence(): Silence | undefined {
    const now = this.#input.clock.monotonic();
    const addresses = this.#ways.flatMap(({ address }) => address ?? []);
    const isSilent = this.#ways.every(({ address }, way) => {
      const latest = this.#latest.get(way);
      if (!address || latest?.kind !== "silent") return false;
      // What forwards a published port accepts in any case, and hangs up when nobody is behind it.
      return latest.refused === true || (address.via === "published" && latest.closed === true);
    });
    this.#silentSince = isSilent ? (this.#silentSince ?? now) : undefined;
    return this.#silentSince === undefined ? undefined : { ms: now - this.#silentSince, addresses };
  }

  /** A better way to the same port is open and says that nobody listens: then this one leads to nobody, too. */
  isVain(way: number): boolean {
    const port = this.#portOf(way);
    for (const [index, one] of this.#latest) {
      const isBetter = index < way && this.#portOf(index) === port;
      if (isBetter && one.kind === "silent" && one.refused === true) return true;
    }
    return false;
  }

  #portOf(way: number): number | undefined {
    const address = this.#ways[way]?.address;
    return address?.containerPort ?? address?.port;
  }
}

async function untilGood(
  { clock, spec, expectedMs }: ProveInput,
  { ask, address }: Way,
  way: number,
  findings: Findings,
  signal: AbortSignal,
): Promise<ProbeAddress | undefined> {
  const began = clock.monotonic();
  for (;;) {
    using limit = deadline(clock, spec.readiness.timeoutMs, `probe of ${spec.name}`, signal);
    const result = await ask(limit.signal);
    // One that has several addresses may have been asked at all of them.
    limit.abort(new Error("this round of probes is over"));
    signal.throwIfAborted();
    if (result.kind === "answer" && good(spec, result.status)) return address;
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
