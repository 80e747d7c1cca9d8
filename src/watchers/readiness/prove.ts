import type { TargetSpec } from "../../config/model.ts";
import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { sleep } from "../../lib/clock.ts";
import { ownProxyHeader } from "../../lib/proxy-preface.ts";
import { deadline } from "../../lib/signals.ts";
import type { Instance, InstanceSummary, Provider } from "../../providers/provider.ts";
import { WakeFailedError } from "../failure.ts";
import { noAddressMessage, portOf, probeAddresses, type ProbeAddress, type Vantage } from "./address.ts";
import type { ProbeResult } from "../../lib/http-probe.ts";
import { listensOn } from "./listening.ts";
import { mustAnswer } from "./must-answer.ts";
import { nextProbeInMs } from "./spacing.ts";
import { streamKindOf } from "./stream-kind.ts";
import type { Probes } from "./probes.ts";

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

type Probe = (signal: AbortSignal) => Promise<ProbeResult>;

/**
 * Resolves when the target has proved that it answers. Probes for as long as the signal lets it: the caller
 * sets the deadline.
 *
 * @throws WakeFailedError `no_address` when there is no way at all to ask it; the signal's reason on abort.
 */
export async function proveReady(input: ProveInput, signal: AbortSignal): Promise<void> {
  const probe = await chooseProbe(input);
  if (!probe) return;
  const { clock, spec } = input;
  const began = clock.monotonic();
  for (let tries = 1; ; tries++) {
    using limit = deadline(clock, spec.readiness.timeoutMs, `probe of ${spec.name}`, signal);
    const result = await probe(limit.signal);
    // Other addresses may still be waiting for an answer that nobody needs now.
    limit.abort(new Error("this round of probes is over"));
    signal.throwIfAborted();
    if (result.kind === "answer" && good(spec, result.status)) return;
    input.onTry(tries, result);
    const spacing = {
      elapsedMs: clock.monotonic() - began,
      answeredBadly: result.kind === "answer",
      ...(input.expectedMs !== undefined && { expectedMs: input.expectedMs }),
    };
    await sleep(clock, nextProbeInMs(spacing), signal);
  }
}

/** How this target is asked; undefined when running is proof enough. */
async function chooseProbe(input: ProveInput): Promise<Probe | undefined> {
  const { spec, instance, owner, vantage } = input;
  const { kind } = spec.readiness;
  if (kind === "none") return undefined;
  if (kind === "healthcheck") {
    if (instance.healthcheck) return healthcheckProbe(input, instance.healthcheck);
    throw new WakeFailedError(
      "no_address",
      `readiness.kind is healthcheck, but ${spec.name} has no HEALTHCHECK. Give it one, or set another readiness.kind.`,
    );
  }
  if (!mustAnswer(spec)) {
    return instance.healthcheck ? healthcheckProbe(input, instance.healthcheck) : undefined;
  }
  const stream = streamKindOf(spec);
  const addresses = probeAddresses(spec, instance, owner, vantage, stream && spec.tcp?.[0]?.port);
  if (addresses.length > 0) return addressProbe(input, addresses);
  if (kind === "auto" && instance.healthcheck) return healthcheckProbe(input, instance.healthcheck);
  if (kind === "auto" && spec.source.kind === "kubernetes") return engineProbe(input);
  const late = spec.source.kind === "proxmox" && portOf(spec, instance) !== undefined;
  if (late) return lateAddressProbe(input);
  const listening = kind === "auto" ? await listeningProbe(input) : undefined;
  if (listening) return listening;
  throw new WakeFailedError("no_address", noAddressMessage(spec, instance, owner, vantage));
}

/** Asks all addresses at once and takes the first good answer, else the most telling one. */
function addressProbe(input: ProveInput, addresses: readonly ProbeAddress[]): Probe {
  const { spec, clock, probes } = input;
  const stream = streamKindOf(spec);
  const preface = prefaceOf(spec, stream !== undefined);
  return async (signal) => {
    const results = addresses.map((address) => {
      if (stream) return probes[stream]({ address, clock, ...(preface && { preface }) }, signal);
      const host = spec.readiness.host ?? exactHost(spec) ?? hostHeader(address);
      const { scheme, readiness } = spec;
      return probes.http(
        address,
        { scheme, path: readiness.path, host, ...(preface && { preface }) },
        signal,
      );
    });
    return firstGood(spec, results);
  };
}

/** What is said before a question to a port that expects PROXY headers. Proxies of routes send none. */
function prefaceOf({ stream, tcp, routes }: TargetSpec, asStream: boolean): Uint8Array | undefined {
  if (stream.sendProxy === "off" || !tcp?.length || (!asStream && routes.length > 0)) return undefined;
  return ownProxyHeader(stream.sendProxy);
}

/** A guest that asks for its address gets it seconds after it runs: looked up anew until then. */
function lateAddressProbe(input: ProveInput): Probe {
  let known: Probe | undefined;
  return async (signal) => {
    const { spec, provider, vantage } = input;
    if (!known) {
      const now = await provider.inspect(input.instance.id, signal).catch(() => undefined);
      const addresses = now ? probeAddresses(spec, now, undefined, vantage) : [];
      if (addresses.length === 0)
        return { kind: "silent", error: "it has no address yet; if it never gets one, set address" };
      known = addressProbe(input, addresses);
    }
    return known(signal);
  };
}

/** Where nothing of it can be reached from here, the engine's own proof does: a Service leads to a pod that is ready. */
function engineProbe({ provider, instance }: ProveInput): Probe {
  return async (signal) => {
    const now = await provider.inspect(instance.id, signal).catch(() => undefined);
    return now?.health === "healthy"
      ? { kind: "answer", status: 0 }
      : { kind: "silent", error: "its Service leads to no pod that is ready" };
  };
}

/** The first good answer, else the last of the others, an answer before a silence. */
async function firstGood(spec: TargetSpec, results: readonly Promise<ProbeResult>[]): Promise<ProbeResult> {
  let best: ProbeResult = { kind: "silent", error: "nothing to ask" };
  try {
    return await Promise.any(
      results.map(async (pending) => {
        const result = await pending;
        if (result.kind === "answer" && good(spec, result.status)) return result;
        if (result.kind === "answer" || best.kind === "silent") best = result;
        throw new Error("not good");
      }),
    );
  } catch {
    return best;
  }
}

function healthcheckProbe(input: ProveInput, argv: readonly string[]): Probe {
  return async (signal) => {
    try {
      const { exitCode, output } = await input.provider.exec(input.instance.id, argv, signal);
      if (exitCode === 0) return { kind: "answer", status: 0 };
      const said = output.trim().split("\n").at(-1) ?? "";
      return {
        kind: "silent",
        error: `health command exited with ${String(exitCode)}${said && `: ${said}`}`,
      };
    } catch (error) {
      return { kind: "silent", error: messageOf(error) };
    }
  };
}

async function listeningProbe({ spec, instance, procDir }: ProveInput): Promise<Probe | undefined> {
  const port = portOf(spec, instance);
  const { pid } = instance;
  if (procDir === undefined || pid === undefined || port === undefined) return undefined;
  if ((await listensOn(procDir, pid, port)) === undefined) return undefined;
  return async () =>
    (await listensOn(procDir, pid, port)) === true
      ? { kind: "answer", status: 0 }
      : { kind: "silent", error: `nothing listens on port ${String(port)}` };
}

/** Status 0 stands for a proof without HTTP. */
function good(spec: TargetSpec, status: number): boolean {
  return status === 0 || spec.readiness.statuses.some(([from, to]) => status >= from && status <= to);
}

function exactHost(spec: TargetSpec): string | undefined {
  return spec.routes.find(({ host }) => !host.startsWith("*"))?.host;
}

function hostHeader({ host, port }: ProbeAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}
