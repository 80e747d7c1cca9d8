import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { tempFolder } from "./temp-folder.ts";

/** A container of the fake; the fields of its state may be changed by tests at any time. */
export interface FakeContainer {
  readonly id: string;
  name: string;
  status: string;
  labels: Record<string, string>;
  startedAt: string;
  exitCode: number;
  networkMode: string;
  config: Record<string, unknown>;
}

/** Takes over a call; returns false to let the fake answer it. `path` has no version and no query. */
export type Interceptor = (call: {
  method: string;
  path: string;
  query: URLSearchParams;
  request: IncomingMessage;
  response: ServerResponse;
}) => boolean;

/**
 * The Docker API for faults on demand and for thousands of containers, on a unix socket or a TCP port. It keeps
 * to what a real engine was seen to answer; behaviour itself is tested on a real one.
 */
export class FakeDocker implements AsyncDisposable {
  apiVersion = "1.41";
  minApiVersion = "1.12";
  /** Every call, as `GET /containers/json`, without version and query. */
  readonly calls: string[] = [];
  /** Every call as it came. */
  readonly rawCalls: string[] = [];
  readonly containers = new Map<string, FakeContainer>();
  intercept: Interceptor | undefined;
  url = "";
  readonly #streams = new Set<ServerResponse>();
  readonly #sockets = new Set<Socket>();
  #close: (() => Promise<void>) | undefined;

  /** Starts it on a unix socket of its own, or on a loopback port. */
  static async start(kind: "unix" | "tcp" = "unix"): Promise<FakeDocker> {
    const fake = new FakeDocker();
    const folder = await tempFolder("fake-docker");
    const server = createServer((request, response) => fake.#answer(request, response));
    server.on("connection", (socket) => {
      fake.#sockets.add(socket);
      socket.on("close", () => fake.#sockets.delete(socket));
    });
    const path = join(folder.path, "docker.sock");
    await new Promise<void>((resolve) => {
      if (kind === "unix") server.listen(path, resolve);
      else server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    fake.url =
      typeof address === "object" && address ? `tcp://127.0.0.1:${String(address.port)}` : `unix://${path}`;
    fake.#close = async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      fake.reset();
      await closed;
      await folder[Symbol.asyncDispose]();
    };
    return fake;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close?.();
    this.#close = undefined;
  }

  /** Adds a container; the id is made of the name. */
  add(name: string, more: Partial<FakeContainer> = {}): FakeContainer {
    const id = more.id ?? Buffer.from(name).toString("hex").padEnd(64, "0").slice(0, 64);
    const container: FakeContainer = {
      id,
      name,
      status: "exited",
      labels: {},
      startedAt: "0001-01-01T00:00:00Z",
      exitCode: 0,
      networkMode: "default",
      config: {},
      ...more,
    };
    this.containers.set(id, container);
    return container;
  }

  /** How often this was called. */
  count(call: string): number {
    return this.calls.filter((seen) => seen === call).length;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Sends an event of a container to every stream. */
  emit(id: string, action: string, attributes: Record<string, string> = {}): void {
    this.emitRaw(`${this.eventLine(id, action, attributes)}\n`);
  }

  /** The line of an event, without its end. */
  eventLine(id: string, action: string, attributes: Record<string, string> = {}): string {
    const time = Date.now();
    const Actor = {
      ID: id,
      Attributes: { image: "app", name: this.containers.get(id)?.name ?? "", ...attributes },
    };
    return JSON.stringify({
      Type: "container",
      Action: action,
      Actor,
      scope: "local",
      time,
      timeNano: time * 1e6,
    });
  }

  /** Sends any bytes to every stream. */
  emitRaw(bytes: string | Uint8Array): void {
    for (const stream of this.#streams) stream.write(bytes);
  }

  /** Ends every event stream in good order, as a proxy's time limit does. */
  endStreams(): void {
    for (const stream of this.#streams) stream.end();
  }

  /** Cuts every connection. */
  reset(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://docker");
    const path = url.pathname.replace(/^\/v[\d.]+/, "");
    const method = request.method ?? "GET";
    this.calls.push(`${method} ${path}`);
    this.rawCalls.push(`${method} ${request.url ?? ""}`);
    request.resume();
    if (this.intercept?.({ method, path, query: url.searchParams, request, response })) return;
    const version = /^\/v(\d+)\.(\d+)\//.exec(url.pathname);
    if (version && Number(version[2]) < Number(this.minApiVersion.split(".")[1])) {
      sendError(
        response,
        400,
        `client version 1.${String(version[2])} is too old. Minimum supported API version is ${this.minApiVersion}, please upgrade your client to a newer version`,
      );
      return;
    }
    if (path === "/_ping") response.end("OK");
    else if (path === "/version") sendJson(response, 200, this.#version());
    else if (path === "/events") this.#openStream(response);
    else if (path === "/containers/json")
      sendJson(response, 200, [...this.containers.values()].map(toListed));
    else this.#container(method, path, response);
  }

  #version(): object {
    return {
      Version: "20.10.24",
      ApiVersion: this.apiVersion,
      MinAPIVersion: this.minApiVersion,
      Os: "linux",
    };
  }

  #openStream(response: ServerResponse): void {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.flushHeaders();
    this.#streams.add(response);
    response.on("close", () => this.#streams.delete(response));
  }

  #container(method: string, path: string, response: ServerResponse): void {
    const [, , ref = "", verb = ""] = path.split("/");
    const container =
      this.containers.get(ref) ?? [...this.containers.values()].find(({ name }) => name === ref);
    if (!container) sendError(response, 404, `No such container: ${ref}`);
    else if (method === "GET" && verb === "json") sendJson(response, 200, toInspected(container));
    else this.#act(container, verb, response);
  }

  #act(container: FakeContainer, verb: string, response: ServerResponse): void {
    const { id, status } = container;
    const become = (next: string, ...actions: string[]): void => {
      container.status = next;
      for (const action of actions) this.emit(id, action);
      response.writeHead(204).end();
    };
    if (verb === "start") {
      if (status === "paused")
        sendError(response, 409, "cannot start a paused container, try unpause instead");
      else if (status === "running") response.writeHead(304).end();
      else {
        container.startedAt = new Date().toISOString();
        become("running", "start");
      }
    } else if (verb === "stop") {
      if (status === "running" || status === "paused") become("exited", "kill", "die", "stop");
      else response.writeHead(304).end();
    } else if (verb === "kill") {
      if (status === "running" || status === "paused") become("exited", "kill", "die");
      else sendError(response, 409, `Container ${id} is not running`);
    } else if (verb === "pause") {
      if (status === "running") become("paused", "pause");
      else
        sendError(
          response,
          409,
          `Container ${id} is ${status === "paused" ? "already paused" : "not running"}`,
        );
    } else if (verb === "unpause") {
      if (status === "paused") become("running", "unpause");
      else sendError(response, 409, `Container ${id} is not paused`);
    } else sendError(response, 404, "page not found");
  }
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) })
    .end(text);
}

/** Answers with an error in the engine's way. */
export function sendError(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { message });
}

function toListed(container: FakeContainer): object {
  const { id, name, status, labels, networkMode } = container;
  return {
    Id: id,
    Names: [`/${name}`],
    Image: "app",
    Created: 1_700_000_000,
    Labels: labels,
    State: status,
    Status: status,
    HostConfig: { NetworkMode: networkMode },
    NetworkSettings: { Networks: networksOf(container) },
  };
}

/** What an inspection of this container answers. */
export function toInspected(container: FakeContainer): object {
  const { id, name, status, labels, startedAt, exitCode, networkMode, config } = container;
  const ran = !startedAt.startsWith("0001");
  const State = {
    Status: status,
    Running: status === "running" || status === "paused",
    Paused: status === "paused",
    Pid: status === "running" ? 4711 : 0,
    ExitCode: exitCode,
    Error: "",
    OOMKilled: false,
    StartedAt: startedAt,
    FinishedAt: ran && status === "exited" ? new Date().toISOString() : "0001-01-01T00:00:00Z",
  };
  return {
    Id: id,
    Name: `/${name}`,
    Created: "2023-11-14T22:13:20.5Z",
    State,
    Config: { Image: "app", Labels: labels, Tty: false, ...config },
    HostConfig: { NetworkMode: networkMode, RestartPolicy: { Name: "" } },
    NetworkSettings: { Ports: {}, Networks: networksOf(container) },
  };
}

function networksOf({ status, networkMode }: FakeContainer): object {
  if (networkMode.startsWith("container:")) return {};
  const name = networkMode === "default" ? "bridge" : networkMode;
  return {
    [name]: { IPAddress: status === "running" && name !== "host" ? "172.17.0.2" : "", GlobalIPv6Address: "" },
  };
}
