import type { Socket } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";
import type { TargetHandle } from "../../watchers/handle.ts";
import type { Inbox } from "../inbox.ts";
import { RefusedError } from "../refused.ts";
import { disconnect, legacyAnswer, statusAnswer } from "./answers.ts";
import { parseLogin, type Handshake, type LegacyPing } from "./handshake.ts";
import { NotMinecraftError, readPacket, type Packet } from "./packets.ts";

/** A conversation of three packets takes no longer. */
const TALK_MS = 10_000;
/** The game gives up after 30 s without a word. */
export const LOGIN_HOLD_MS = 25_000;
/** How long a client may take to read the last words. */
const FAREWELL_MS = 2_000;

const STATUS = 0;
const PING = 1;

/** Answers the server list in place of a server that is not up. Wakes nothing. */
export async function answerStatus(
  socket: Socket,
  inbox: Inbox,
  handle: TargetHandle,
  handshake: Handshake | LegacyPing,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  using limit = deadline(clock, TALK_MS, "the server list's questions", signal);
  if (handshake.kind === "legacy") return farewell(socket, inbox, legacyAnswer(handle), clock);
  inbox.consume(handshake.length);
  for (;;) {
    const packet = await inbox.until(readPacket, limit.signal);
    if (packet.id === PING) return farewell(socket, inbox, pong(inbox, packet), clock);
    if (packet.id !== STATUS) throw new NotMinecraftError("an unknown question of the server list");
    inbox.consume(packet.length);
    socket.write(statusAnswer(handle, handshake.protocol));
  }
}

/** The name of the player who logs in, which must be one that may wake. @throws RefusedError `denied`. */
export async function playerOf(
  inbox: Inbox,
  handle: TargetHandle,
  handshake: Handshake,
  clock: Clock,
  signal: AbortSignal,
): Promise<string> {
  using limit = deadline(clock, TALK_MS, "the player's name", signal);
  const player = await inbox.until((bytes) => parseLogin(bytes.subarray(handshake.length)), limit.signal);
  const { players } = handle.spec.stream;
  if (players.length > 0 && !players.some((known) => known.toLowerCase() === player.toLowerCase())) {
    throw new RefusedError(
      "denied",
      `the player ${player} may not wake ${handle.spec.name} (stream.players)`,
    );
  }
  return player;
}

/** Ends a login with words that the player reads. */
export function sayGoodbye(socket: Socket, inbox: Inbox, text: string, clock: Clock): Promise<void> {
  return farewell(socket, inbox, disconnect(text), clock);
}

/** Sends the last packet and waits until the client closed: closing before would take it away again. */
function farewell(socket: Socket, inbox: Inbox, packet: Buffer, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(FAREWELL_MS, () => socket.destroy());
    const watching = inbox.watch(() => inbox.ended && socket.destroy());
    socket.once("close", () => {
      timer[Symbol.dispose]();
      watching[Symbol.dispose]();
      resolve();
    });
    socket.end(packet);
    if (inbox.ended || socket.destroyed) socket.destroy();
  });
}

/** The same packet back, with its number. */
function pong(inbox: Inbox, packet: Packet): Buffer {
  return Buffer.from(inbox.bytes.subarray(0, packet.length));
}
