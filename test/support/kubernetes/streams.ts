import type { ServerResponse } from "node:http";
import { expired, type ApiError } from "./answers.ts";
import { apiVersionOf, type Kind, type KubeObject } from "./kinds.ts";
import type { Happened, Store } from "./store.ts";

/** What a watch asked for. */
export interface Watch {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly fits: (object: KubeObject) => boolean;
  /** Empty or 0: everything that there is first. */
  readonly resourceVersion: string;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}

/** How streams are made to fail. */
export interface StreamFaults {
  /** So many of the next events are cut off in their middle, with the connection. */
  cutEvents: number;
  /** The next streams that are opened tell this in place of changes. */
  failNext: ApiError[];
}

/** How often a stream is sent a bookmark, in ms. About a minute in a real one. */
export const BOOKMARK_MS = 300;

/** One open stream of changes. */
export class Stream {
  readonly #store: Store;
  readonly #watch: Watch;
  readonly #response: ServerResponse;
  readonly #faults: StreamFaults;
  readonly #parts: Disposable[] = [];
  #over = false;

  constructor(store: Store, watch: Watch, response: ServerResponse, faults: StreamFaults) {
    this.#store = store;
    this.#watch = watch;
    this.#response = response;
    this.#faults = faults;
  }

  /** Begins to tell. Resolves when the stream is over. */
  async run(): Promise<void> {
    const response = this.#response;
    response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-cache, private" });
    response.flushHeaders();
    const over = new Promise<void>((resolve) => response.once("close", resolve));
    const failure = this.#faults.failNext.shift();
    if (failure) this.#fail(failure);
    else this.#begin();
    await over;
    this.#forget();
  }

  /** Ends it as the server does when its time is over: with a bookmark, and between two lines. */
  end(): void {
    if (this.#response.writableEnded) return;
    this.#bookmark();
    this.#forget();
    this.#response.end();
  }

  #begin(): void {
    const { resourceVersion, timeoutMs } = this.#watch;
    const from = Number(resourceVersion);
    if (from > 0) {
      const past = this.#store.since(from);
      if (!past) return this.#fail(expired(from, this.#store.oldest));
      for (const happened of past) this.#tell(happened);
    } else {
      const { kind, namespace } = this.#watch;
      for (const object of this.#store.list(kind, namespace)) this.#send("ADDED", object);
    }
    this.#parts.push(this.#store.happened.subscribe((happened) => this.#tell(happened)));
    const bookmark = setInterval(() => this.#bookmark(), BOOKMARK_MS);
    const timeout = setTimeout(() => this.end(), timeoutMs);
    this.#parts.push({
      [Symbol.dispose]: () => {
        clearInterval(bookmark);
        clearTimeout(timeout);
      },
    });
  }

  #tell({ type, kind, object }: Happened): void {
    const watch = this.#watch;
    if (kind !== watch.kind) return;
    if (watch.namespace !== undefined && object.metadata.namespace !== watch.namespace) return;
    if (watch.fits(object)) this.#send(type, object);
  }

  #bookmark(): void {
    const { bookmarks, kind } = this.#watch;
    if (!bookmarks) return;
    const metadata = { resourceVersion: String(this.#store.revision), creationTimestamp: null };
    this.#send("BOOKMARK", { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata });
  }

  #forget(): void {
    for (const part of this.#parts.splice(0)) part[Symbol.dispose]();
  }

  #fail(failure: ApiError): void {
    this.#send("ERROR", failure.status);
    this.#response.end();
  }

  /** Chunks end anywhere: within a line, and within a character. */
  #send(type: string, object: object): void {
    if (this.#over) return;
    const line = Buffer.from(`${JSON.stringify({ type, object })}\n`);
    if (type !== "BOOKMARK" && this.#faults.cutEvents > 0) {
      this.#faults.cutEvents--;
      this.#over = true;
      this.#response.write(line.subarray(0, Math.floor(line.length / 2)), () => this.#response.destroy());
      return;
    }
    for (let at = 0; at < line.length;) {
      const size = 1 + Math.floor(Math.random() * line.length);
      this.#response.write(line.subarray(at, at + size));
      at += size;
    }
  }
}
