import { StringDecoder } from "node:string_decoder";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Parses a JSON array item by item while its bytes come, wherever its chunks are cut. Of thousands of items, neither
 * all the text nor all that was parsed is in memory at once.
 */
export class JsonArrayDecoder {
  readonly #decoder = new StringDecoder("utf8");
  /** From the beginning of the item under way. */
  #text = "";
  /** How far of it was read. */
  #at = 0;
  /** Open brackets, that of the array included. */
  #depth = 0;
  #inString = false;
  #begun = false;
  #any = false;

  /**
   * The items that this chunk completes.
   *
   * @throws SyntaxError when it is no JSON, or no array; the decoder is useless from then on.
   */
  push(chunk: Uint8Array): unknown[] {
    const text =
      this.#text + this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    const items: unknown[] = [];
    let from = 0;
    let at = this.#at;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (this.#inString) {
        if (code === BACKSLASH) at++;
        else if (code === QUOTE) this.#inString = false;
        continue;
      }
      if (this.#depth === 0 && code > 0x20) {
        if (this.#begun || code !== OPEN_ARRAY) throw new SyntaxError("expected one JSON array");
        this.#begun = true;
        this.#depth = 1;
        from = at + 1;
      } else if (code === QUOTE) this.#inString = true;
      else if (code === OPEN_ARRAY || code === OPEN_OBJECT) this.#depth++;
      else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) {
        this.#depth--;
        if (this.#depth === 0) from = this.#take(items, text, from, at);
      } else if (code === COMMA && this.#depth === 1) from = this.#take(items, text, from, at);
    }
    this.#text = text.slice(from);
    this.#at = at - from;
    return items;
  }

  /** @throws SyntaxError when the array was cut. */
  end(): void {
    if (!this.#begun || this.#depth > 0) throw new SyntaxError("the JSON array is cut");
  }

  /** Parses one item and returns where the next one begins. Only an empty array has none before its end. */
  #take(items: unknown[], text: string, from: number, to: number): number {
    const item = text.slice(from, to);
    if (this.#depth === 0 && !this.#any && item.trim() === "") return to + 1;
    this.#any = true;
    items.push(JSON.parse(item));
    return to + 1;
  }
}
