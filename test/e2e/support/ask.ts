import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { request, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from "node:http";
import type { Socket } from "node:net";
import { expect } from "vitest";

/** A request as a test sends it, on a connection of its own. */
export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Aborting it closes the connection, as a visitor who leaves does. */
  readonly signal?: AbortSignal;
}

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** What the sleepy app says about a request that reached it. */
export interface Told {
  readonly app: string;
  /** One for each start of the process. */
  readonly run: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly sha256: string;
}

/** Headers of a browser that opens a page, or sends a form. */
export const NAVIGATION = {
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
  "sec-fetch-site": "same-origin",
} as const;

/**
 * Sends one request and reads the whole answer; with `expect: 100-continue` the body follows when it is asked
 * for. Waits for as long as it takes: the test has a limit.
 */
export async function ask(url: string, question: Question = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body, signal } = question;
  const call = request({
    ...whereIs(url),
    method,
    headers: { host: new URL(url).host, ...headers },
    ...(signal && { signal }),
  });
  const answered = once(call, "response") as Promise<[IncomingMessage]>;
  if (headers["expect"] === undefined) call.end(body);
  else call.flushHeaders();
  call.once("continue", () => call.end(body));
  const [response] = await answered;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString(),
  };
}

/** What the app said; fails, with the answer, when it was not the app that answered. */
export function told(answer: Answer): Told {
  expect(answer).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
  expect(answer.headers["x-wakegate"]).toBeUndefined();
  return JSON.parse(answer.text) as Told;
}

/** A body of 1 MB and what the app says of it when it arrived whole. */
export function megabyte(): { readonly body: Buffer; readonly whole: Partial<Told> } {
  const body = randomBytes(1024 * 1024);
  return { body, whole: { bytes: body.length, sha256: createHash("sha256").update(body).digest("hex") } };
}

/** An open WebSocket to the sleepy app, which sends everything back. */
export interface EchoSocket extends Disposable {
  /** Sends a text of less than 64 KB; resolves when it came back. */
  echo(text: string): Promise<void>;
}

/** Opens a WebSocket. @throws Error with the status when the answer is not 101. */
export async function openEchoSocket(url: string): Promise<EchoSocket> {
  const call = request({
    ...whereIs(url),
    headers: {
      host: new URL(url).host,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    },
  });
  const socket = await new Promise<Socket>((resolve, reject) => {
    call.on("upgrade", (_response, upgraded) => resolve(upgraded));
    call.on("response", (response) => {
      response.resume();
      reject(new Error(`the handshake was answered ${String(response.statusCode)}`));
    });
    call.on("error", reject);
    call.end();
  });
  let held = Buffer.alloc(0);
  let wake = (): void => undefined;
  socket.on("error", () => undefined);
  socket.on("close", () => wake());
  socket.on("data", (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    wake();
  });
  return {
    async echo(text) {
      socket.write(frame(text));
      // The server's frame: unmasked, so two bytes less of head than ours has mask.
      const length = Buffer.byteLength(text) + (Buffer.byteLength(text) > 125 ? 4 : 2);
      while (held.length < length) {
        if (socket.destroyed) throw new Error("the WebSocket was closed");
        await new Promise<void>((resolve) => (wake = resolve));
      }
      const came = held.subarray(length - Buffer.byteLength(text), length).toString();
      held = held.subarray(length);
      expect(came).toBe(text);
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** `*.localhost` is this machine (RFC 6761 section 6.3), whatever its resolver thinks. */
export function whereIs(url: string): RequestOptions {
  const { hostname, port, pathname, search } = new URL(url);
  const address = hostname.endsWith(".localhost") ? "127.0.0.1" : hostname;
  return { host: address, port, path: pathname + search, agent: false };
}

/** One masked text frame (RFC 6455 section 5.2). */
function frame(text: string): Buffer {
  const data = Buffer.from(text);
  const mask = randomBytes(4);
  const short = data.length <= 125;
  const head = short
    ? Buffer.from([0x81, 0x80 | data.length])
    : Buffer.from([0x81, 0x80 | 126, data.length >> 8, data.length & 255]);
  return Buffer.concat([head, mask, data.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}
