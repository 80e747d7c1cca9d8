import type { Traffic } from "../traffic.ts";
import type { Socket } from "node:net";
import { formatListenAddress } from "../../config/values/listen-address.ts";
import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { DeadlineError } from "../../lib/signals.ts";
import { isProxy } from "../access.ts";
import { NotTlsError } from "../client-hello.ts";
import type { Gateway } from "../gateway.ts";
import { ClientLeftError, Inbox } from "../inbox.ts";
import { NotMinecraftError } from "../minecraft/packets.ts";
import type { Net } from "../net.ts";
import type { TcpPlan } from "../plan.ts";
import { ProxyHeaderError } from "../proxy-protocol/header.ts";
import type { RefusalLog } from "../refusal-log.ts";
import { RefusedError } from "../refused.ts";
import { reset } from "../reset.ts";
import { choose, deserve, identify, type Ends } from "./opening.ts";
import { runSession } from "./session.ts";

/** What connections share. */
export interface ConnectionParts {
  readonly clock: Clock;
  readonly net: Net;
  readonly log: Log;
  readonly refusals: RefusalLog;
  /** The way to a target. @throws RefusedError `missing` when it cannot be served now. */
  gateway(target: string): Gateway;
  /** Sockets to targets, for the end. */
  readonly outgoing: Set<Socket>;
  readonly traffic: Traffic;
}

/**
 * Serves one client from its first byte to its last. Never rejects.
 *
 * @param plan the listener as it is now; a reload changes only what comes later.
 * @param decided called once it is known which target is wanted.
 */
export async function serveConnection(
  socket: Socket,
  plan: TcpPlan,
  parts: ConnectionParts,
  decided: () => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = parts;
  const ends = endsOf(socket);
  socket.on("error", () => undefined);
  using inbox = new Inbox(socket);
  const listener = formatListenAddress(plan.address);
  const began = clock.monotonic();
  let target: string | undefined;
  let client = ends.peer.address;
  try {
    const expectsHeader = someTrusts(plan, parts, ends.peer.address);
    const caller = await identify(inbox, ends, expectsHeader, clock, signal);
    client = caller.client.address;
    const choice = await choose(inbox, plan, clock, signal);
    target = choice.leads.target;
    decided();
    const gateway = parts.gateway(target);
    const { stream } = gateway.handle.spec;
    if (caller.viaProxy && !isProxy(stream, ends.peer.address)) {
      const why = `${ends.peer.address} sends PROXY headers, but is not in stream.accept_proxy of ${target}`;
      throw new RefusedError("denied", why);
    }
    using _place = gateway.admit(client);
    if (plan.protocol === "tcp") await deserve(inbox, stream.wakeOn, clock, signal);
    const waits = gateway.handle.gate.kind !== "ready";
    const fields = { target, client, listener };
    const end = await runSession(
      {
        socket,
        inbox,
        gateway,
        choice,
        caller,
        clock,
        onOpen: (outgoing) => {
          parts.outgoing.add(outgoing);
          outgoing.once("close", () => parts.outgoing.delete(outgoing));
          const ms = Math.round(clock.monotonic() - began);
          if (!waits) return log.debug("stream_open", `${client} is connected to ${target ?? ""}`, fields);
          const message = `${client} is connected to ${target ?? ""} after ${(ms / 1_000).toFixed(1)} s of waiting`;
          log.info("stream_woken", message, { ...fields, ms });
        },
      },
      signal,
    );
    if (end) {
      const ms = Math.round(clock.monotonic() - began);
      const how = end.error === undefined ? "ended" : `was cut (${end.error})`;
      log.debug("stream_closed", `connection of ${client} to ${target} ${how}`, { ...fields, ...end, ms });
    }
  } catch (error) {
    turnAway(error, parts, listener, client, target);
  } finally {
    decided();
    if (!socket.destroyed) reset(socket);
  }
}

function turnAway(
  error: unknown,
  { log, refusals }: ConnectionParts,
  listener: string,
  client: string,
  target: string | undefined,
): void {
  const fields = { listener, client, ...(target !== undefined && { target }) };
  if (error instanceof ClientLeftError) {
    log.debug("stream_left", `${client} left ${listener}: ${error.message}`, fields);
  } else if (error instanceof RefusedError) {
    refusals.tell(error.reason, error.message, listener, client, target);
  } else if (badStart(error)) {
    refusals.tell("bad_start", messageOf(error), listener, client, target);
  } else {
    log.error("stream_failed", `connection of ${client} to ${listener}: ${messageOf(error)}`, {
      ...fields,
      err: error,
    });
  }
}

/** What the client sent, or did not send in time, is to blame. */
function badStart(error: unknown): boolean {
  return (
    error instanceof ProxyHeaderError ||
    error instanceof NotTlsError ||
    error instanceof NotMinecraftError ||
    error instanceof DeadlineError ||
    error instanceof RangeError
  );
}

/** Whether any target of the listener takes PROXY headers from this peer; which one is wanted is known only later. */
function someTrusts(plan: TcpPlan, parts: ConnectionParts, peer: string): boolean {
  for (const { target } of plan.byName.values()) {
    try {
      if (isProxy(parts.gateway(target).handle.spec.stream, peer)) return true;
    } catch {
      // That target cannot be served now.
    }
  }
  return false;
}

function endsOf(socket: Socket): Ends {
  return {
    peer: { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 },
    local: { address: socket.localAddress ?? "", port: socket.localPort ?? 0 },
  };
}
