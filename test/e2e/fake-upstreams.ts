import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A server of the test's own on loopback. */
export interface FakeServer extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** Every request so far. */
  readonly seen: readonly IncomingMessage[];
}

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Serves `answer` on a free port (or the given one); with `upgrades` it echoes on upgraded connections. */
export async function fakeServer(
  answer: Answer,
  options: { upgrades?: boolean; port?: number } = {},
): Promise<FakeServer> {
  const seen: IncomingMessage[] = [];
  const server: Server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    seen.push(request);
    answer(request, response);
  });
  if (options.upgrades) {
    server.on("upgrade", (request, socket) => {
      seen.push(request);
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      socket.on("error", () => undefined).pipe(socket);
    });
  }
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${String(port)}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close").catch(() => undefined);
    },
  };
}

/** An app that tells what it got: method, URL, length and hash of the body. */
export function fakeApp(): Promise<FakeServer> {
  return fakeServer(
    (request, response) => {
      const hash = createHash("sha256");
      let length = 0;
      request.on("data", (chunk: Buffer) => {
        hash.update(chunk);
        length += chunk.length;
      });
      request.on("end", () => {
        const { method, url, headers } = request;
        const told = {
          method,
          url,
          length,
          sha256: hash.digest("hex"),
          cookie: headers.cookie,
          host: headers.host,
        };
        response.setHeader("content-type", "application/json");
        if (url === "/private") response.statusCode = 401;
        response.end(JSON.stringify(told));
      });
    },
    { upgrades: true },
  );
}
