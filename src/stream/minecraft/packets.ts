/** What was sent is no Minecraft handshake. */
export class NotMinecraftError extends Error {
  override readonly name = "NotMinecraftError";
}

/** A packet that was read: its id, its fields, and how many bytes it took. */
export interface Packet {
  readonly id: number;
  readonly fields: Fields;
  readonly length: number;
}

/** Nothing that comes before the login is longer. */
const LONGEST_PACKET = 4096;

/**
 * Reads one packet at the beginning of `bytes`.
 *
 * @returns undefined while bytes are missing.
 * @throws NotMinecraftError when this cannot become a packet.
 */
export function readPacket(bytes: Buffer): Packet | undefined {
  const size = readVarInt(bytes, 0);
  if (!size) return undefined;
  if (size.value < 1 || size.value > LONGEST_PACKET)
    throw new NotMinecraftError("a packet of impossible length");
  const length = size.end + size.value;
  if (bytes.length < length) return undefined;
  const fields = new Fields(bytes.subarray(size.end, length));
  return { id: fields.varInt(), fields, length };
}

/** Reads the fields of a packet one after the other, and never beyond its end. */
export class Fields {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  varInt(): number {
    const read = readVarInt(this.#bytes, this.#offset);
    if (!read) throw new NotMinecraftError("a packet that ends too early");
    this.#offset = read.end;
    return read.value;
  }

  bytes(count: number): Buffer {
    const end = this.#offset + count;
    if (count < 0 || end > this.#bytes.length) throw new NotMinecraftError("a packet that ends too early");
    const part = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return part;
  }

  text(longest: number): string {
    const length = this.varInt();
    if (length > longest * 4) throw new NotMinecraftError("a text that is too long");
    const text = this.bytes(length).toString("utf8");
    if (text.length > longest) throw new NotMinecraftError("a text that is too long");
    return text;
  }

  port(): number {
    return this.bytes(2).readUInt16BE(0);
  }
}

/** Writes a packet out of its id and its fields. */
export function writePacket(id: number, ...fields: readonly Buffer[]): Buffer {
  const body = Buffer.concat([varInt(id), ...fields]);
  return Buffer.concat([varInt(body.length), body]);
}

/** A length and a text, as a field. */
export function textField(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([varInt(bytes.length), bytes]);
}

function varInt(value: number): Buffer {
  const bytes: number[] = [];
  let left = value >>> 0;
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  return Buffer.from([...bytes, left]);
}

function readVarInt(bytes: Buffer, from: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[from + index];
    if (byte === undefined) return undefined;
    value |= (byte & 0x7f) << (7 * index);
    if ((byte & 0x80) === 0) return { value, end: from + index + 1 };
  }
  throw new NotMinecraftError("a number that is too long");
}
