import type { IncomingMessage } from "node:http";
import { request, type Agent } from "node:https";
import { onAbort } from "../lib/signals.ts";

/** One request, complete. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One answer, complete. */
export interface Answer {
  readonly status: number;
  /** HTTP reason phrase: for many failures of Proxmox the only word of the API. */
  readonly reason: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** The longest answer that is read. A cluster of 1,000 guests lists itself in 0.5 MB. */
const LONGEST_BODY = 32 * 1024 * 1024;

/** Why an exchange failed: nothing, or nothing complete, came back. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";

  constructor(cause: unknown) {
    super("the exchange failed", { cause });
  }

  /** True when the server closed the connection: it does so when idle, every 100 requests and after errors. */
  get wasReset(): boolean {
    const { code } = (this.cause ?? {}) as NodeJS.ErrnoException;
    return code === "ECONNRESET" || code === "EPIPE";
  }
}

/**
 * Sends one request and resolves when the answer begins. The signal's abort ends the answer, too, until that is over.
 *
 * @throws ExchangeError with the socket's error as cause; the signal's reason after its abort.
 */
export function openAnswer(
  agent: Agent,
  to: { readonly host: string; readonly port: number },
  { method, path, headers, body }: Request,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host: to.host, port: to.port, method, path, headers });
    const listening = onAbort(signal, (reason) => {
      reject(reason);
      outgoing.destroy();
    });
    outgoing.once("error", (error) => {
      listening[Symbol.dispose]();
      reject(new ExchangeError(error));
    });
    outgoing.once("response", (incoming) => {
      // Whoever reads it hears of its errors; nobody may be reading yet.
      incoming.on("error", () => undefined);
      incoming.once("close", () => listening[Symbol.dispose]());
      resolve(incoming);
    });
    outgoing.end(body);
  });
}

/**
 * Reads the whole of an answer that has begun.
 *
 * @throws ExchangeError as {@link openAnswer}; the signal's reason after its abort.
 */
export function readAnswer(incoming: IncomingMessage, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const listening = onAbort(signal, reject);
    const fail = (error: unknown): void => {
      listening[Symbol.dispose]();
      reject(new ExchangeError(error));
    };
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > LONGEST_BODY) incoming.destroy(new Error("its answer is too long"));
      else chunks.push(chunk);
    });
    incoming.once("error", fail);
    incoming.once("end", () => {
      listening[Symbol.dispose]();
      resolve({
        status: incoming.statusCode ?? 0,
        // Node reads header bytes as Latin-1; the API writes UTF-8.
        reason: Buffer.from(incoming.statusMessage ?? "", "latin1").toString("utf8"),
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString("utf8"),
      });
    });
    incoming.once("close", () => {
      if (!incoming.complete) fail(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
    });
  });
}

/**
 * Sends one request and reads the whole answer. Ends at the signal's abort whatever the server does.
 *
 * @throws ExchangeError with the socket's error as cause; the signal's reason after its abort.
 */
export async function exchange(
  agent: Agent,
  to: { readonly host: string; readonly port: number },
  request: Request,
  signal: AbortSignal,
): Promise<Answer> {
  return readAnswer(await openAnswer(agent, to, request, signal), signal);
}
