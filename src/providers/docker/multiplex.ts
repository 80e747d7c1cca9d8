/** Takes Docker's framing (8 bytes: stream, three zeros, length) off output, and keeps only the newest bytes. */
export class OutputTail {
  readonly #framed: boolean;
  readonly #maxBytes: number;
  #header = Buffer.alloc(0);
  #left = 0;
  #kept: Buffer[] = [];
  #bytes = 0;

  /** @param framed false for the output of a terminal, which comes bare. */
  constructor(framed: boolean, maxBytes: number) {
    this.#framed = framed;
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    if (!this.#framed) {
      this.#keep(chunk);
      return;
    }
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const part = rest.subarray(0, this.#left);
        this.#keep(part);
        this.#left -= part.length;
        rest = rest.subarray(part.length);
        continue;
      }
      const need = 8 - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, need)]);
      rest = rest.subarray(need);
      if (this.#header.length === 8) {
        this.#left = this.#header.readUInt32BE(4);
        this.#header = Buffer.alloc(0);
      }
    }
  }

  /** What was kept. A line or character cut at its beginning is left out when something was dropped before it. */
  text(): string {
    const all = Buffer.concat(this.#kept);
    if (all.length <= this.#maxBytes) return all.toString();
    const tail = all.subarray(all.length - this.#maxBytes);
    const cut = tail.indexOf(10);
    return tail.subarray(cut === -1 ? 0 : cut + 1).toString();
  }

  #keep(part: Buffer): void {
    this.#kept.push(Buffer.from(part));
    this.#bytes += part.length;
    // Whole pieces go only when what stays is more than enough.
    while (this.#kept[0] && this.#bytes - this.#kept[0].length > this.#maxBytes) {
      this.#bytes -= this.#kept[0].length;
      this.#kept.shift();
    }
  }
}
