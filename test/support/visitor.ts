import { once } from "node:events";
import {
  request as httpRequest,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, type Socket } from "node:net";

/** Where a visitor goes. */
export interface Visit {
  /** Address of the proxy. */
  readonly address: string;
  readonly port: number;
  /** With TLS; the certificate is not checked. */
  readonly tls?: boolean;
  /** The name in the address bar. */
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Gives up after this, in ms. Default: 60 s. */
  readonly withinMs?: number;
}

/** What came back. */
export interface Seen {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request on a connection of its own; redirects are not followed. */
export async function visit(visit: Visit): Promise<Seen> {
  const request = open(visit);
  request.end(visit.body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks).toString(),
  };
}

/** Shakes hands for a WebSocket, says hello and returns the echo. Without a handshake: the status. */
export async function shakeHands(visit: Visit): Promise<{ status: number; echo?: string }> {
  const request = open({
    ...visit,
    headers: {
      ...visit.headers,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEA==",
    },
  });
  request.end();
  const answered = new Promise<number>((resolve, reject) => {
    request.once("response", (response: IncomingMessage) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.once("error", reject);
  });
  const upgraded = once(request, "upgrade") as Promise<[IncomingMessage, Socket]>;
  const first = await Promise.race([answered, upgraded]);
  if (typeof first === "number") return { status: first };
  const [, socket] = first;
  // A masked text frame: "hello" under a mask of zeros.
  socket.write(Buffer.concat([Buffer.from([0x81, 0x85, 0, 0, 0, 0]), Buffer.from("hello")]));
  const [frame] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return { status: 101, echo: frame.subarray(2).toString() };
}

/** The first line of an event stream, and its status. */
export async function firstEvent(visit: Visit): Promise<{ status: number; text: string }> {
  const request = open({ ...visit, headers: { Accept: "text/event-stream", ...visit.headers } });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const [chunk] = (await once(response, "data")) as [Buffer];
  request.destroy();
  return { status: response.statusCode ?? 0, text: chunk.toString() };
}

/** True when something listens there. */
export async function probe(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function open({
  address,
  port,
  tls,
  host,
  path = "/",
  method = "GET",
  headers,
  withinMs = 60_000,
}: Visit): ClientRequest {
  const options = { host: address, port, path, method, agent: false as const, timeout: withinMs };
  const all = { Host: host, ...headers };
  const request = tls
    ? httpsRequest({ ...options, headers: all, rejectUnauthorized: false, servername: host })
    : httpRequest({ ...options, headers: all });
  request.once("timeout", () => request.destroy(new Error(`no answer within ${String(withinMs)} ms`)));
  return request;
}
