import type { TargetSpec } from "../../config/model.ts";
import { messageOf } from "../../errors.ts";
import type { ProbeResult } from "../../lib/probe-result.ts";
import { ownProxyHeader } from "../../lib/proxy-preface.ts";
import { WakeFailedError } from "../failure.ts";
import {
  candidatePorts,
  isPortGuessed,
  noAddressMessage,
  portOf,
  probeAddresses,
  type ProbeAddress,
} from "./address.ts";
import { good } from "./good.ts";
import { listensOn } from "./listening.ts";
import { mustAnswer } from "./must-answer.ts";
import type { ProveInput } from "./prove.ts";
import { streamKindOf } from "./stream-kind.ts";

/** Asks once. Never rejects. */
export type Probe = (signal: AbortSignal) => Promise<ProbeResult>;

/** One way to ask a target. */
export interface Way {
  readonly ask: Probe;
  /** Absent where no address is asked. */
  readonly address?: ProbeAddress;
}

/**
 * How this target is asked, each way at the same time and the best first; none when running is proof enough.
 *
 * @throws WakeFailedError `no_address` when there is no way at all.
 */
export async function chooseWays(input: ProveInput): Promise<readonly Way[]> {
  const { spec, instance, owner, vantage } = input;
  const { kind } = spec.readiness;
  if (kind === "none") return [];
  if (kind === "healthcheck") {
    if (instance.healthcheck) return [{ ask: healthcheckProbe(input, instance.healthcheck) }];
    throw new WakeFailedError(
      "no_address",
      `readiness.kind is healthcheck, but ${spec.name} has no HEALTHCHECK. Give it one, or set another readiness.kind.`,
    );
  }
  if (!mustAnswer(spec)) {
    return instance.healthcheck ? [{ ask: healthcheckProbe(input, instance.healthcheck) }] : [];
  }
  const stream = streamKindOf(spec);
  const own = stream && spec.tcp?.[0]?.port;
  // A bare connection proves nothing about which port is the right one: there the likeliest alone is asked.
  const wanted =
    own === undefined && isPortGuessed(spec, instance)
      ? candidatePorts(spec, instance, input.provenPort).slice(0, stream === "tcp" ? 1 : undefined)
      : [own];
  const addresses = wanted.flatMap((port) => probeAddresses(spec, instance, owner, vantage, port));
  if (addresses.length > 0)
    return addresses.map((address) => ({ ask: addressProbe(input, address), address }));
  if (kind === "auto" && instance.healthcheck)
    return [{ ask: healthcheckProbe(input, instance.healthcheck) }];
  if (kind === "auto" && spec.source.kind === "kubernetes") return [{ ask: engineProbe(input) }];
  const late = spec.source.kind === "proxmox" && portOf(spec, instance) !== undefined;
  if (late) return [{ ask: lateAddressProbe(input) }];
  const listening = kind === "auto" ? await listeningProbe(input) : undefined;
  if (listening) return [{ ask: listening }];
  throw new WakeFailedError("no_address", noAddressMessage(spec, instance, owner, vantage));
}

function addressProbe({ spec, clock, probes }: ProveInput, address: ProbeAddress): Probe {
  const stream = streamKindOf(spec);
  const preface = prefaceOf(spec, stream !== undefined);
  const { host, port, containerPort } = address;
  const at = { host, port, ...(containerPort !== undefined && { containerPort }) };
  if (stream)
    return async (signal) => ({
      ...(await probes[stream]({ address, clock, ...(preface && { preface }) }, signal)),
      at,
    });
  const probe = {
    scheme: spec.scheme,
    path: spec.readiness.path,
    clock,
    host: spec.readiness.host ?? exactHost(spec) ?? hostHeader(address),
    ...(preface && { preface }),
  };
  return async (signal) => ({ ...(await probes.http(address, probe, signal)), at });
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
      const probes = addresses.map((address) => addressProbe(input, address));
      known = (inner) =>
        firstGood(
          spec,
          probes.map((probe) => probe(inner)),
        );
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

function exactHost(spec: TargetSpec): string | undefined {
  return spec.routes.find(({ host }) => !host.startsWith("*"))?.host;
}

function hostHeader({ host, port }: ProbeAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}
