import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttps, type Server } from "node:https";
import { createServer as createNet, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { makeAuthority, type Authority } from "../proxmox/certificate.ts";
import { ApiError } from "./answers.ts";
import { Api, understand, type Asked } from "./api.ts";
import { Controllers } from "./controllers.ts";
import { discover } from "./discovery.ts";
import { KINDS, type Kind, type KubeObject } from "./kinds.ts";
import { Addresses } from "./network.ts";
import { authorize, type Attempt, type Identity, type Rule } from "./rbac.ts";
import { Store } from "./store.ts";
import { Stream, type StreamFaults } from "./streams.ts";

/** How the simulator is made to fail. */
export interface Faults extends StreamFaults {
  /** The next so many writes find that somebody else was quicker. */
  conflicts: number;
  /** The next so many requests are turned away with 429. */
  busy: number;
  /** How a history that is too old is told: by HTTP, or in an event. */
  gone: "status" | "event";
  /** A stream is open no longer than this, whatever was asked for, in ms. */
  streamMs: number;
  /** Refused with 403 whatever its role says, as by an API server that starts and has not read its roles yet. */
  refuse: (attempt: Attempt) => boolean;
  /** Connections are cut before an answer to the next so many of these verbs. */
  cut: { verb: string; times: number };
}

/** One request that came in, in RBAC's terms. */
export interface Seen extends Attempt {
  readonly name: string | undefined;
  readonly user: string;
}

const EVERYTHING: readonly Rule[] = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];

/**
 * A Kubernetes cluster as its API shows it, over real TLS: one history for all objects, watches with bookmarks, limits
 * and every way to end, optimistic locking, RBAC. Pods are real processes with addresses of their own, and Services
 * real listeners.
 */
export class Simulator implements AsyncDisposable {
  readonly authority: Authority = makeAuthority();
  readonly store = new Store();
  readonly controllers: Controllers;
  readonly api: Api;
  readonly seen: Seen[] = [];
  readonly faults: Faults = {
    cutEvents: 0,
    failNext: [],
    conflicts: 0,
    busy: 0,
    gone: "event",
    streamMs: 300_000,
    refuse: () => false,
    cut: { verb: "", times: 0 },
  };
  readonly #identities = new Map<string, Identity>();
  readonly #streams = new Set<Stream>();
  readonly #sockets = new Set<Socket>();
  readonly #tls: Server;
  readonly #door: NetServer;
  #port = 0;

  private constructor() {
    const addresses = new Addresses();
    this.controllers = new Controllers(this.store, addresses);
    this.api = new Api(this.store, this.controllers, addresses);
    const leaf = this.authority.leaf("kubernetes");
    const tls = { ...leaf, ca: this.authority.root.cert, requestCert: true, rejectUnauthorized: false };
    this.#tls = createHttps(tls, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#door = createNet((socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      this.#tls.emit("connection", socket);
    });
  }

  static async start(): Promise<Simulator> {
    const simulator = new Simulator();
    await simulator.comeBack();
    return simulator;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `https://127.0.0.1:${String(this.#port)}`;
  }

  /** Streams of changes that are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Lets a bearer of this token in. Without rules it may do everything. */
  addToken(token: string, name = "admin", rules: Identity["rules"] = { "*": EVERYTHING }): void {
    this.#identities.set(token, { name, rules });
  }

  removeToken(token: string): void {
    this.#identities.delete(token);
  }

  /** A kubeconfig for that token. */
  kubeconfig(token: string): string {
    const ca = Buffer.from(this.authority.root.cert).toString("base64");
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "sim",
      contexts: [{ name: "sim", context: { cluster: "sim", user: "sim" } }],
      clusters: [{ name: "sim", cluster: { server: this.url, "certificate-authority-data": ca } }],
      users: [{ name: "sim", user: { token } }],
    });
  }

  /** Adds an object as `kubectl create` does. */
  create(kind: Kind, body: KubeObject): KubeObject {
    const attempt = { verb: "create", group: kind.group, resource: kind.plural };
    const asked: Asked = {
      attempt: { ...attempt, namespace: body.metadata.namespace },
      method: "POST",
      kind,
      name: undefined,
      subresource: undefined,
      query: new URLSearchParams(),
      body,
      type: "application/json",
    };
    return this.api.answer(asked, { name: "admin", rules: {} }) as KubeObject;
  }

  /** Replicas that a workload is to have. */
  replicas(name: string, namespace = "default", kind: Kind = KINDS.deployments): number {
    const { spec } = this.store.mustGet(kind, namespace, name);
    return (spec as { replicas?: number }).replicas ?? 1;
  }

  /** Scales as `kubectl scale` does. */
  scale(name: string, replicas: number, namespace = "default", kind: Kind = KINDS.deployments): void {
    this.store.update(kind, namespace, name, (before) => ({
      ...before,
      spec: { ...(before["spec"] as object), replicas },
    }));
  }

  pods(namespace = "default"): KubeObject[] {
    return this.store.list(KINDS.pods, namespace);
  }

  /** Calls of a verb and resource so far. */
  count(verb: string, resource: string): number {
    return this.seen.filter((seen) => seen.verb === verb && seen.resource === resource).length;
  }

  /** Ends all streams as servers do. */
  endStreams(): void {
    for (const stream of this.#streams) stream.end();
  }

  /** Cuts all connections, in the middle of whatever they were at. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The API server is gone; what runs goes on. */
  async goAway(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#door.close(() => resolve()));
    this.cut();
    await closed;
  }

  async comeBack(): Promise<void> {
    await new Promise<void>((resolve) => this.#door.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#door.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#door.listening) await this.goAway();
    await this.controllers[Symbol.asyncDispose]();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? "/", "https://simulator");
      const text = await bodyOf(request);
      const identity = this.#who(request);
      const method = request.method ?? "GET";
      const known = method === "GET" ? discover(url.pathname) : undefined;
      if (known) return send(response, 200, known);
      const body = parsed(text);
      const asked = understand(method, url, body, request.headers["content-type"] ?? "");
      const { attempt, name, kind } = asked;
      this.seen.push({ ...attempt, name, user: identity.name });
      const { faults } = this;
      if (faults.busy > 0) {
        faults.busy--;
        const message = "the server has received too many requests and has asked us to try again later";
        throw new ApiError(429, "TooManyRequests", message, 1);
      }
      if (attempt.verb === faults.cut.verb && faults.cut.times > 0) {
        faults.cut.times--;
        request.socket.destroy();
        return;
      }
      // Who one is oneself, everybody may ask.
      const { group } = attempt;
      const who = this.faults.refuse(attempt) ? { ...identity, rules: {} } : identity;
      if (group !== "authorization.k8s.io") authorize(who, attempt);
      if (attempt.verb === "watch" && kind) return await this.#watch(asked, kind, response);
      if (["update", "patch"].includes(attempt.verb) && faults.conflicts > 0) {
        faults.conflicts--;
        this.#meddle(asked);
      }
      const answer = this.api.answer(asked, identity);
      if (typeof answer === "string") response.writeHead(200, { "Content-Type": "text/plain" }).end(answer);
      else send(response, method === "POST" ? 201 : 200, answer);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.retryAfter !== undefined) response.setHeader("Retry-After", String(error.retryAfter));
      send(response, error.code, error.status);
    }
  }

  async #watch(asked: Asked, kind: Kind, response: ServerResponse): Promise<void> {
    const { query, attempt } = asked;
    const resourceVersion = query.get("resourceVersion") ?? "";
    const asStatus = this.faults.gone === "status" && Number(resourceVersion) > 0;
    if (asStatus && !this.store.since(Number(resourceVersion)))
      throw new ApiError(410, "Expired", `too old resource version: ${resourceVersion}`);
    const seconds = Number(query.get("timeoutSeconds") ?? 1_800);
    const watch = {
      kind,
      namespace: attempt.namespace,
      fits: this.api.fits(asked),
      resourceVersion,
      bookmarks: query.get("allowWatchBookmarks") === "true",
      timeoutMs: Math.min(seconds * 1_000, this.faults.streamMs),
    };
    const stream = new Stream(this.store, watch, response, this.faults);
    this.#streams.add(stream);
    await stream.run();
    this.#streams.delete(stream);
  }

  #who(request: IncomingMessage): Identity {
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1];
    const socket = request.socket as TLSSocket;
    const known = token === undefined ? undefined : this.#identities.get(token);
    if (known) return known;
    if (token === undefined && socket.authorized) return { name: "certificate", rules: { "*": EVERYTHING } };
    throw new ApiError(401, "Unauthorized", "Unauthorized");
  }

  /** Somebody else writes the object that is about to be written. */
  #meddle({ kind, attempt, name }: Asked): void {
    if (!kind) return;
    this.store.update(kind, attempt.namespace ?? "", name ?? "", (before) => ({
      ...before,
      metadata: {
        ...before.metadata,
        annotations: { ...before.metadata.annotations, meddled: String(this.store.revision) },
      },
    }));
  }
}

/** JSON alone: real servers read protobuf too, which only Go clients send. */
function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    throw new ApiError(415, "UnsupportedMediaType", "the simulator reads JSON alone");
  }
}

function send(response: ServerResponse, status: number, object: object): void {
  const body = Buffer.from(JSON.stringify(object));
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": body.length }).end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
