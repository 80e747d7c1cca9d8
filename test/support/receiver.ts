import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request that came in. */
export interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came, byte for byte. */
  readonly body: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A real server that gets messages, and answers as the test says. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly got: readonly Received[];
  /** How the next requests are answered; by default with 204. Not answering at all is a stall. */
  answer: (res: ServerResponse, received: Received, count: number) => void;
  /** Resolves when that many came. */
  until(count: number): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const got: Received[] = [];
  const told = new Set<() => void>();
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const json = JSON.parse(body) as Record<string, unknown>;
      const received = { url: req.url ?? "", headers: req.headers, body, json };
      got.push(received);
      receiver.answer(res, received, got.length);
      for (const tell of told) tell();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    got,
    answer: (res) => void res.writeHead(204).end(),
    until: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (got.length < count) return;
          told.delete(look);
          resolve();
        };
        told.add(look);
        look();
      }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
