import { StringDecoder } from "node:string_decoder";

/**
 * Splits a byte stream into lines, wherever its chunks are cut: between lines, inside one, inside a UTF-8
 * character. For streams of one JSON document a line.
 */
export class LineDecoder {
  readonly #maxLength: number;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  /** @param maxLength longest line accepted, in UTF-16 units; bounds the memory that a peer can take. */
  constructor(maxLength = 1_048_576) {
    this.#maxLength = maxLength;
  }

  /**
   * The lines that this chunk completes, without their line ends and without empty ones.
   *
   * @throws RangeError when a line is longer than accepted; the decoder is useless from then on.
   */
  push(chunk: Uint8Array): string[] {
    const text = this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const pieces = text.split("\n");
    // Only the first piece continues what was kept, so that many small chunks do not rescan a long line.
    pieces[0] = this.#rest + (pieces[0] ?? "");
    this.#rest = pieces.pop() ?? "";
    if (this.#rest.length > this.#maxLength || pieces.some((line) => line.length > this.#maxLength)) {
      this.#rest = "";
      throw new RangeError(`a line is longer than ${String(this.#maxLength)} characters`);
    }
    return pieces
      .map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line))
      .filter((line) => line !== "");
  }

  /** What came after the last line end, as if the stream ended now; empty when nothing did. */
  end(): string {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = "";
    return rest;
  }
}
