import { Agent, request, type IncomingHttpHeaders } from "node:http";

/** A whole answer. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Reads what comes until it returns true, then hangs up. Default: reads all. */
  readonly enough?: (text: string) => boolean;
}

/** How a proxy asks: over a pool of connections that stay open. */
export class Pool implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 200, maxFreeSockets: 20 });

  /** `at` is `host:port`. Rejects when the connection breaks, or the signal aborts. */
  ask(
    at: string,
    path: string,
    { method = "GET", headers = {}, body, signal, enough }: Call = {},
  ): Promise<Reply> {
    const [host, port] = at.split(":");
    return new Promise((resolve, reject) => {
      const options = { host, port, path, method, headers, agent: this.#agent, ...(signal && { signal }) };
      const call = request(options, (response) => {
        let text = "";
        const finish = (): void =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (enough?.(text) !== true) return;
          finish();
          response.destroy();
        });
        response.on("end", finish);
        response.on("error", reject);
      });
      call.on("error", reject);
      call.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
