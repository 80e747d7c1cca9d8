import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** A socket proxy as people put before Docker's socket: what it does not allow gets 403. */
export interface SocketProxy extends AsyncDisposable {
  /** `tcp://127.0.0.1:port`. */
  readonly url: string;
}

/** Starts one before an engine's socket. `allows` decides on each call by method and path without version and query. */
export async function startSocketProxy(
  socketPath: string,
  allows: (call: { readonly method: string; readonly path: string }) => boolean,
): Promise<SocketProxy> {
  const server = createServer((req, res) => {
    const { method = "GET", url = "" } = req;
    const path = url.replace(/^\/v[\d.]+/, "").replace(/\?.*$/, "");
    if (!allows({ method, path })) {
      res
        .writeHead(403, { "content-type": "text/html" })
        .end("<html><body><h1>403 Forbidden</h1></body></html>");
      return;
    }
    const call = request({ socketPath, method, path: url, headers: req.headers, agent: false }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      // An event stream may have nothing to say for long.
      res.flushHeaders();
      answer.pipe(res);
    });
    call.on("error", () => res.destroy());
    res.on("close", () => call.destroy());
    req.pipe(call);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `tcp://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
