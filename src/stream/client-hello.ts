/** What the beginning of a TLS connection says. */
export interface ClientHello {
  /** The server name asked for, lower case; unset when the client names none. */
  readonly serverName?: string;
}

/** What was sent is no TLS ClientHello. */
export class NotTlsError extends Error {
  override readonly name = "NotTlsError";
}

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
/** Type and length of a handshake message. */
const HEAD = 4;
const SERVER_NAME = 0;
const HOST_NAME = 0;
/** A record carries at most 2^14 bytes of plain text. */
const LONGEST_RECORD = 16_384;
/** Browsers send 2 KB with post-quantum keys; session tickets add some. */
const LONGEST_HELLO = 24_576;

/**
 * Reads the ClientHello at the beginning of `bytes`, also when it is split over several records. Nothing is
 * decrypted and nothing consumed.
 *
 * @returns undefined while bytes are missing.
 * @throws NotTlsError when this cannot become a ClientHello.
 */
export function parseClientHello(bytes: Buffer): ClientHello | undefined {
  const parts: Buffer[] = [];
  let have = 0;
  let wanted: number | undefined;
  let offset = 0;
  for (;;) {
    const type = bytes[offset];
    if (type === undefined) return undefined;
    if (type !== HANDSHAKE_RECORD) throw new NotTlsError("it does not begin with a TLS handshake");
    const major = bytes[offset + 1];
    if (major !== undefined && major !== 3) throw new NotTlsError("it has an unknown TLS version");
    if (bytes.length < offset + 5) return undefined;
    const length = bytes.readUInt16BE(offset + 3);
    if (length === 0 || length > LONGEST_RECORD) throw new NotTlsError("it has a broken TLS record");
    const part = bytes.subarray(offset + 5, offset + 5 + length);
    parts.push(part);
    have += part.length;
    // Put together at most a few times, however many records there are.
    wanted ??= lengthOf(Buffer.concat(parts, have));
    if (wanted !== undefined && have >= wanted) {
      return readHello(Buffer.concat(parts, have).subarray(HEAD, wanted));
    }
    if (part.length < length) return undefined;
    offset += 5 + length;
  }
}

/** How long the message is with its head, once that can be told. */
function lengthOf(message: Buffer): number | undefined {
  const type = message[0];
  if (type !== undefined && type !== CLIENT_HELLO)
    throw new NotTlsError("it does not begin with a ClientHello");
  if (message.length < HEAD) return undefined;
  const length = message.readUIntBE(1, 3);
  if (length > LONGEST_HELLO) throw new NotTlsError("its ClientHello is too long");
  return HEAD + length;
}

function readHello(hello: Buffer): ClientHello {
  const reader = new Reader(hello);
  reader.skip(2 + 32);
  reader.block(1);
  reader.block(2);
  reader.block(1);
  if (reader.done) return {};
  const extensions = new Reader(reader.block(2));
  while (!extensions.done) {
    const type = extensions.number(2);
    const body = extensions.block(2);
    if (type === SERVER_NAME) return nameOf(new Reader(new Reader(body).block(2)));
  }
  return {};
}

function nameOf(names: Reader): ClientHello {
  while (!names.done) {
    const type = names.number(1);
    const name = names.block(2).toString("latin1");
    if (type === HOST_NAME && /^[\w.-]{1,253}$/.test(name)) {
      return { serverName: name.toLowerCase().replace(/\.$/, "") };
    }
  }
  return {};
}

/** Reads numbers and length-prefixed blocks, and never beyond the end. */
class Reader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  skip(count: number): Buffer {
    const end = this.#offset + count;
    if (end > this.#bytes.length) throw new NotTlsError("its ClientHello is broken");
    const part = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return part;
  }

  number(size: number): number {
    return this.skip(size).readUIntBE(0, size);
  }

  block(lengthSize: number): Buffer {
    return this.skip(this.number(lengthSize));
  }
}
