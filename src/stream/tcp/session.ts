import type { Socket } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import { deadline, DeadlineError, linkSignals } from "../../lib/signals.ts";
import type { TargetHandle, WakeCause } from "../../watchers/handle.ts";
import type { Gateway } from "../gateway.ts";
import { ClientLeftError, type Inbox } from "../inbox.ts";
import { startingMessage } from "../minecraft/answers.ts";
import { answerStatus, LOGIN_HOLD_MS, playerOf, sayGoodbye } from "../minecraft/front-desk.ts";
import { writeProxyHeader } from "../proxy-protocol/write.ts";
import { RefusedError } from "../refused.ts";
import { askWhetherGone } from "../proven-end.ts";
import { SessionLease } from "../session-lease.ts";
import { splice, type SpliceEnd } from "../splice.ts";
import type { Caller, Choice } from "./opening.ts";

/** A connection that knows where it wants to go and may. */
export interface SessionInput {
  readonly socket: Socket;
  readonly inbox: Inbox;
  readonly gateway: Gateway;
  readonly choice: Choice;
  readonly caller: Caller;
  readonly clock: Clock;
  /** Told when the client got through to the target. */
  readonly onOpen: (target: Socket) => void;
}

/**
 * Holds a connection until its target is up, then passes bytes until both sides have ended.
 *
 * @returns how it ended; undefined when it was answered here.
 * @throws RefusedError, ClientLeftError, the signal's reason; nobody was told then.
 */
export async function runSession(input: SessionInput, signal: AbortSignal): Promise<SpliceEnd | undefined> {
  const { gateway, choice, clock, socket, inbox, caller } = input;
  const { handle } = gateway;
  const cause: WakeCause = { by: "stream", client: caller.client.address };
  const { handshake } = choice;
  if (!handshake) return pass(input, await held(input, cause, signal), cause);
  const awake = handle.gate.kind === "ready";
  if (handshake.kind === "legacy" || handshake.next === "status") {
    if (!awake) {
      await answerStatus(socket, inbox, handle, handshake, clock, signal);
      return undefined;
    }
    // A look at the server list is no use of it.
    return pass(input, { target: await gateway.connect(choice.leads.port, cause, signal) }, undefined);
  }
  try {
    const player = awake ? undefined : await playerOf(inbox, handle, handshake, clock, signal);
    const known = player === undefined ? cause : { ...cause, userAgent: `player ${player}` };
    using limit = deadline(clock, LOGIN_HOLD_MS, "the game", signal);
    return pass(input, await held(input, known, limit.signal), cause);
  } catch (error) {
    const words = goodbyeFor(handle, error);
    if (words !== undefined) await sayGoodbye(socket, inbox, words, clock);
    if (error instanceof DeadlineError) return undefined;
    throw error;
  }
}

/** A connection to the target, and the use that it was while the client waited. */
interface Reached {
  readonly target: Socket;
  readonly waiting?: Disposable;
}

/** Waits for the target and connects; a client that leaves ends it, not the wake. */
async function held(input: SessionInput, cause: WakeCause, signal: AbortSignal): Promise<Reached> {
  const { gateway, inbox, choice, socket, clock } = input;
  using hold = linkSignals(signal);
  let asking: Disposable | undefined;
  const judge = (): void => {
    if (inbox.left) hold.abort(new ClientLeftError("the client left while it waited"));
    else if (inbox.ended) asking ??= askWhetherGone(socket, clock);
  };
  using _watching = inbox.watch(judge);
  judge();
  hold.signal.throwIfAborted();
  const waiting = gateway.handle.lease(`waiting connection from ${cause.client ?? "somewhere"}`);
  try {
    return { target: await gateway.connect(choice.leads.port, cause, hold.signal), waiting };
  } catch (error) {
    waiting[Symbol.dispose]();
    throw error;
  } finally {
    asking?.[Symbol.dispose]();
  }
}

/** Without a cause the session counts as no use. */
async function pass(
  input: SessionInput,
  { target, waiting }: Reached,
  cause: WakeCause | undefined,
): Promise<SpliceEnd> {
  const { gateway, inbox, socket, caller, clock } = input;
  const { handle } = gateway;
  const { sendProxy } = handle.spec.stream;
  input.onOpen(target);
  using lease = cause && new SessionLease(handle, cause, clock);
  waiting?.[Symbol.dispose]();
  if (cause) handle.touch({ kind: "session", client: caller.client.address });
  inbox[Symbol.dispose]();
  using _gone = cutWhenGone(handle, socket, target);
  if (lease) {
    target.once("end", () => {
      lease.targetEnded();
      socket.on("data", () => lease.note());
    });
  }
  if (sendProxy !== "off") target.write(writeProxyHeader(sendProxy, caller.client, caller.destination));
  return await splice(socket, target, {
    first: inbox.bytes,
    ...(lease?.wantsBytes && { onBytes: () => lease.note() }),
  });
}

/**
 * A target that ended its side and then went down hears nothing more, though its client may not notice for ever.
 * While it goes down it may still be listening; once it is down, or up again in another run, it is not.
 */
function cutWhenGone(handle: TargetHandle, socket: Socket, target: Socket): Disposable {
  let left = false;
  const cut = (): void => {
    target.destroy();
    socket.destroy();
  };
  const judge = (): void => {
    const { kind } = handle.gate;
    const gone = kind === "ready" ? left : kind !== "coming";
    left ||= kind !== "ready";
    if (!gone || !target.readableEnded) return;
    // Its last words may still be on their way to the client, which a reset would take away.
    if (socket.writableFinished) cut();
    else socket.once("finish", cut);
  };
  target.once("end", judge);
  return handle.changed.subscribe(judge);
}

function goodbyeFor(handle: TargetHandle, error: unknown): string | undefined {
  if (error instanceof DeadlineError) return startingMessage(handle);
  if (!(error instanceof RefusedError)) return undefined;
  const { displayName } = handle.spec;
  return error.reason === "denied"
    ? `You may not start ${displayName}.`
    : `${displayName} could not be started. Please try again later.`;
}
