import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { LineDecoder } from "../../../src/lib/ndjson.ts";
import type { Simulator } from "./simulator.ts";

/** An answer of the API server, parsed where it is JSON. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks the simulator without the provider. */
export class Client {
  readonly #simulator: Simulator;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(simulator: Simulator, token: string) {
    this.#simulator = simulator;
    this.#token = token;
    this.#agent = new Agent({ ca: simulator.authority.root.cert });
  }

  async ask(method: string, path: string, body?: object, type = "application/json"): Promise<Answered> {
    const incoming = await this.#open(method, path, body, type);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    return {
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: JSON.parse(text) as Readonly<Record<string, unknown>>,
    };
  }

  /** The events of a watch, as they come. */
  async *watch(path: string): AsyncGenerator<{ readonly type: string; readonly object: Seen }> {
    const incoming = await this.#open("GET", path, undefined, "application/json");
    const lines = new LineDecoder();
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      for (const line of lines.push(chunk)) yield JSON.parse(line) as { type: string; object: Seen };
    }
  }

  #open(method: string, path: string, body: object | undefined, type: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${this.#token}`, "content-type": type };
      const options = { method, headers, agent: this.#agent };
      const asked = request(`${this.#simulator.url}${path}`, options, resolve);
      asked.once("error", reject);
      asked.end(body && JSON.stringify(body));
    });
  }
}

interface Seen {
  readonly code?: number;
  readonly reason?: string;
  readonly metadata: { readonly name?: string; readonly resourceVersion?: string };
}
