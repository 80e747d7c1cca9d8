import { NotMinecraftError, readPacket } from "./packets.ts";

/** The first packet of a game client. */
export interface Handshake {
  readonly kind: "handshake";
  /** Version of the protocol that the client speaks. */
  readonly protocol: number;
  /** The host that it was told to connect to, lower case, without what mod loaders append. */
  readonly host: string;
  readonly next: "status" | "login";
  /** Bytes that it takes. */
  readonly length: number;
}

/** The list ping of clients before 1.7. */
export interface LegacyPing {
  readonly kind: "legacy";
}

const LEGACY_PING = 0xfe;
const NEXT: Readonly<Record<number, Handshake["next"]>> = { 1: "status", 2: "login", 3: "login" };

/**
 * Reads the handshake at the beginning of `bytes`; nothing is consumed.
 *
 * @returns undefined while bytes are missing.
 * @throws NotMinecraftError when this cannot become a handshake.
 */
export function parseHandshake(bytes: Buffer): Handshake | LegacyPing | undefined {
  if (bytes[0] === LEGACY_PING) return { kind: "legacy" };
  const packet = readPacket(bytes);
  if (!packet) return undefined;
  if (packet.id !== 0) throw new NotMinecraftError("it does not begin with a handshake");
  const { fields, length } = packet;
  const protocol = fields.varInt();
  const written = fields.text(255);
  fields.port();
  const next = NEXT[fields.varInt()];
  if (!next) throw new NotMinecraftError("it asks for neither status nor login");
  // Forge appends \0FML\0, proxies append \0 and addresses; a name from DNS may end with a dot.
  const host = (written.split("\0")[0] ?? "").toLowerCase().replace(/\.$/, "");
  return { kind: "handshake", protocol, host, next, length };
}

/**
 * Reads the player's name of the login packet at the beginning of `bytes`, after the handshake.
 *
 * @returns undefined while bytes are missing.
 * @throws NotMinecraftError when it is another packet.
 */
export function parseLogin(bytes: Buffer): string | undefined {
  const packet = readPacket(bytes);
  if (!packet) return undefined;
  if (packet.id !== 0) throw new NotMinecraftError("no login follows the handshake");
  return packet.fields.text(16);
}
