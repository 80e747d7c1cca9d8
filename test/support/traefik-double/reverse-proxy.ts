import { request, type ClientRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { endToEnd, status, type Exchange, type Outcome } from "./exchange.ts";
import type { Resolve } from "./names.ts";

/**
 * Sends one request to a server. The body is read only once there is a connection, so that a refused one
 * loses nothing. No such name or refused: 502 and unsent; broken after that: 502.
 */
export async function proxyTo(
  exchange: Exchange,
  base: string,
  passHost: boolean,
  resolve: Resolve,
): Promise<Outcome> {
  if (base === "") return status(500);
  const { req, res, headers, url, upgrade } = exchange;
  const to = new URL(base);
  let found;
  try {
    found = await resolve(to.hostname, Number(to.port || 80));
  } catch {
    return { status: 502, unsent: true };
  }
  const { host, port } = found;
  return await new Promise<Outcome>((done) => {
    let connected = false;
    const call: ClientRequest = request({
      host,
      port,
      method: exchange.status === undefined ? req.method : "GET",
      path: url,
      agent: false,
      headers: {
        ...endToEnd(headers),
        host: passHost ? headers.host : to.host,
        ...(upgrade ? { connection: "Upgrade", upgrade: headers.upgrade } : {}),
        ...(headers["transfer-encoding"] === undefined ? {} : { "transfer-encoding": "chunked" }),
      },
    });
    call.on("socket", (socket: Socket) => {
      socket.once("connect", () => {
        connected = true;
        if (upgrade) call.end();
        else if (exchange.status === undefined) req.pipe(call);
        else call.end();
      });
    });
    call.on("error", () => {
      if (res.headersSent) {
        res.destroy();
        done("done");
      } else done({ status: 502, unsent: !connected });
    });
    call.on("upgrade", (response: IncomingMessage, socket: Socket, head: Buffer) => {
      if (!upgrade) return;
      const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
      upgrade.socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
      upgrade.socket.write(head);
      socket.pipe(upgrade.socket).pipe(socket);
      for (const one of [socket, upgrade.socket])
        one.on("error", () => (socket.destroy(), upgrade.socket.destroy()));
      done("done");
    });
    call.on("response", (response: IncomingMessage) => {
      res.writeHead(exchange.status ?? response.statusCode ?? 502, endToEnd(response.headers));
      // A head at once, and each part as it comes: event streams live from that.
      res.flushHeaders();
      response.on("data", (chunk: Buffer) => res.write(chunk));
      response.on("end", () => res.end());
      response.on("error", () => res.destroy());
      done("done");
    });
    res.on("close", () => call.destroy());
  });
}
