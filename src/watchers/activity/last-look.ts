import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { race } from "../../lib/race.ts";
import { deadline } from "../../lib/signals.ts";
import type { Usage } from "../../providers/provider.ts";
import type { Activity } from "./activity.ts";
import { judgeConnections, type Connections } from "./connections.ts";
import type { Evidence } from "./evidence.ts";
import type { Noise } from "./noise.ts";
import { lookAtUsage, windowMs } from "./usage-look.ts";

/** Above noise, while a session is presumed that cannot be seen: a ping every 20 s is more, ARP is less. */
const WHISPER_BYTES_PER_SECOND = 5;
/** Noise of an unknown target may pass for a session this long after its handshake, and no longer. */
const DOUBT_ENDS_AFTER_MS = 12 * 3_600_000;
/** Proxies' pools have emptied themselves by then (Traefik 90 s, Caddy 120 s). */
const POOLS_EMPTY_AFTER_MS = 125_000;
/** An engine that never answers must not end the looks for ever. */
const COMMANDS_LIMIT_MS = 15_000;

/** A question that takes no time, as far as the target is concerned. */
type Ask = (signal: AbortSignal) => Promise<Evidence>;

/** What the checks before a sleep may ask. What is left out does not exist for this target. */
export interface LastLookInput {
  readonly activity: Activity;
  readonly clock: Clock;
  readonly idleTimeoutMs: number;
  readonly noise: Noise | undefined;
  /** Bytes per second above noise, and percent of a core, that count as use. */
  readonly networkAbove: number;
  readonly cpuAbove: number;
  readonly connections: () => Promise<Connections | undefined>;
  /** Caddy, the busy check; cheap ones first. */
  readonly asks: readonly Ask[];
  /** Commands that others run inside of it, as argv each. */
  readonly commands: ((signal: AbortSignal) => Promise<readonly (readonly string[])[]>) | undefined;
  readonly usage: ((signal: AbortSignal) => Promise<Usage | undefined>) | undefined;
}

/** The result, with the evidence of each source that was asked. */
export interface LastLook {
  /** Wall ms. */
  readonly at: number;
  readonly inUse: boolean;
  readonly evidence: readonly Evidence[];
  /** What a quiet look teaches about the target's noise. */
  readonly heard?: { readonly bytesPerSecond?: number; readonly proxied?: number };
}

/**
 * The checks made when the idle timer fires, before anything is put to sleep. The cheap ones first; the first one
 * that finds use ends the look. Counters are compared over one window, over two where a session is presumed that
 * cannot be seen.
 *
 * @throws the signal's reason when it aborts.
 */
export async function lastLook(input: LastLookInput, signal: AbortSignal): Promise<LastLook> {
  const { activity, clock, noise } = input;
  const { sessions } = activity;
  const evidence: Evidence[] = [];
  const found = (...more: readonly Evidence[]): boolean => {
    evidence.push(...more);
    return more.some(({ kind }) => kind === "in-use");
  };
  const result = (inUse: boolean): LastLook => ({ at: clock.now(), inUse, evidence });
  const presumed = sessions.began !== undefined;

  const first = await input.connections();
  if (found(judgeConnections(first))) return result(true);
  if (first && found(sessions.judge(first.proxied, noise?.proxied, clock.monotonic()))) return result(true);
  if (input.commands && found(await lookAtCommands(input.commands, clock, signal))) return result(true);
  for (const ask of input.asks) if (found(await ask(signal))) return result(true);

  const unseen = first === undefined && sessions.began !== undefined;
  if (input.usage) {
    const limits = {
      bytesPerSecond: (noise?.bytesPerSecond ?? 0) + (unseen ? whisper(input) : input.networkAbove),
      cpuPercent: input.cpuAbove,
    };
    for (let windows = unseen ? 2 : 1; windows > 0; windows--) {
      const usage = await lookAtUsage(input.usage, limits, windowMs(input.idleTimeoutMs), clock, signal);
      if (found(...usage)) return result(true);
    }
  }
  if (unseen) sessions.end();
  const second = first && (await input.connections());
  if (first) {
    evidence.shift();
    if (found(judgeConnections(second, first))) return result(true);
  }
  // A shell that was opened during the comparison moves no bytes and needs no CPU.
  if (input.commands && found(await lookAtCommands(input.commands, clock, signal))) return result(true);
  const rate = evidence.find(({ source }) => source === "network")?.numbers?.["bytesPerSecond"];
  const calm = clock.monotonic() - activity.lastUse > POOLS_EMPTY_AFTER_MS;
  if (presumed) return result(false);
  const heard = {
    ...(rate !== undefined && { bytesPerSecond: rate }),
    ...(calm && second && { proxied: second.proxied.length }),
  };
  return { ...result(false), heard };
}

/** While nothing is known of its noise, a whisper may be a health check: then it counts for half a day only. */
function whisper({ noise, activity, clock, networkAbove }: LastLookInput): number {
  const ago = clock.monotonic() - (activity.sessions.began ?? 0);
  return noise === undefined && ago > DOUBT_ENDS_AFTER_MS ? networkAbove : WHISPER_BYTES_PER_SECOND;
}

/** Commands inside the target are use; what the engine does not tell counts as use. */
async function lookAtCommands(
  commands: NonNullable<LastLookInput["commands"]>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Evidence> {
  const source = "exec";
  try {
    using limit = deadline(clock, COMMANDS_LIMIT_MS, "the commands inside", signal);
    const running = await race(commands(limit.signal), limit.signal);
    if (running.length === 0) return { source, kind: "quiet", detail: "none" };
    const who = [...new Set(running.map(nameOfCommand))];
    return { source, kind: "in-use", detail: `${who.join(", ")} runs inside (docker exec)`, who };
  } catch (error) {
    signal.throwIfAborted();
    const detail = `commands inside could not be listed: ${messageOf(error)}`;
    return { source, kind: "in-use", detail };
  }
}

/** `php occ` of `php occ --password secret`: the program and its first word. Later arguments may be secrets. */
function nameOfCommand([program = "", first = ""]: readonly string[]): string {
  const word = /^[\w./:-]{1,40}$/.test(first) && !first.startsWith("-") ? ` ${first}` : "";
  return `${program.slice(0, 60)}${word}`;
}
