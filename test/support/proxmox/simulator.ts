import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttps, type Server } from "node:https";
import { createServer as createNet, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ApiError, type Good } from "./answers.ts";
import { Authenticator } from "./authenticate.ts";
import { makeAuthority, type Authority } from "./certificate.ts";
import { dispatch, find, type Asked } from "./dispatch.ts";
import { Guests } from "./guests.ts";
import { Rights } from "./rights.ts";
import { Stats } from "./show.ts";
import { Tasks } from "./tasks.ts";
import type { Node, World } from "./world.ts";

/** How a simulator is set up. */
export interface SimulatorOptions {
  /** Everything that Proxmox itself takes time for is multiplied by it. Default: 0.02. */
  readonly scale?: number;
  readonly nodes?: readonly string[];
  /** Default: 8.4.21. */
  readonly release?: string;
}

/** One request that came in, for tests that count. */
export interface Seen {
  readonly method: string;
  /** Without `/api2/json` and query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly at: number;
}

/**
 * A Proxmox VE cluster as its API shows it: real TLS with a root of its own, its keep-alive rules, tasks, locks,
 * delays, rights and stale listings. Everything is made up from what is known of the real one's behaviour.
 */
export class Simulator implements AsyncDisposable {
  readonly world: World;
  readonly authority: Authority = makeAuthority();
  readonly auth: Authenticator;
  readonly seen: Seen[] = [];
  /** TLS connections made so far. */
  connections = 0;
  readonly #stats: Stats;
  readonly #tls: Server;
  readonly #door: NetServer;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  private constructor(options: SimulatorOptions) {
    const { scale = 0.02, nodes = ["pve1"], release = "8.4.21" } = options;
    const leaf = this.authority.leaf(nodes[0] ?? "pve1");
    const stats = new Stats(() => this.world, Math.max(20, 10_000 * scale));
    this.#stats = stats;
    this.world = {
      scale,
      release,
      nodes: new Map(nodes.map((name): [string, Node] => [name, makeNode(name, leaf.fingerprint)])),
      faults: { daemon: "up", cutAnswers: 0, loseAnswers: 0, secondFactor: false, noQuorum: false },
      rights: new Rights(),
      tasks: new Tasks(),
      guests: new Guests(),
      stats,
      pause: async (ms, signal) => {
        await delay(ms * scale, undefined, signal && { signal }).catch(() => {
          throw signal?.reason;
        });
      },
    };
    this.auth = new Authenticator(this.world);
    this.#tls = createHttps({ ...leaf, minVersion: "TLSv1.2" }, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#tls.keepAliveTimeout = Math.max(100, 5_000 * scale);
    this.#tls.maxRequestsPerSocket = 100;
    const plain = createHttp((request, response) => {
      response
        .writeHead(301, { Location: `https://${request.headers.host ?? ""}/`, Connection: "close" })
        .end();
    });
    this.#door = createNet((socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      // 22 begins a TLS handshake; everything else is answered in plain HTTP.
      socket.once("data", (first: Buffer) => {
        socket.pause();
        socket.unshift(first);
        if (first[0] === 22) this.connections++;
        (first[0] === 22 ? this.#tls : plain).emit("connection", socket);
        process.nextTick(() => socket.resume());
      });
    });
  }

  /** Starts on a free loopback port. */
  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    const simulator = new Simulator(options);
    await simulator.comeBack();
    return simulator;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `https://127.0.0.1:${String(this.#port)}`;
  }

  get fingerprint(): string {
    return [...this.world.nodes.values()][0]?.fingerprint ?? "";
  }

  /** Requests of one method whose path matches. */
  count(method: string, path: RegExp): number {
    return this.seen.filter((seen) => seen.method === method && path.test(seen.path)).length;
  }

  /** Makes a user with a token that may audit and switch what is at `paths`; returns id and secret. */
  addToken(
    id: string,
    paths: readonly string[] = ["/vms"],
    role = "PVEVMUser",
  ): { id: string; secret: string } {
    const [user = "", name = ""] = id.split("!");
    const { rights } = this.world;
    if (!rights.users.has(user)) rights.users.set(user, { password: `password-of-${user}`, enabled: true });
    for (const path of paths) {
      rights.grant(path, user, role);
      rights.grant(path, id, role);
    }
    return { id, secret: rights.addToken(user, name, true) };
  }

  /** Lets the listing catch up with reality at once. */
  collect(): void {
    this.#stats.collect();
  }

  /** Closes the door and cuts every connection. */
  async goAway(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#door.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async comeBack(): Promise<void> {
    await new Promise<void>((resolve) => this.#door.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#door.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stats.stop();
    if (this.#door.listening) await this.goAway();
    await this.world.tasks.stop();
    await this.world.guests.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { faults } = this.world;
    const power = request.method === "POST" && /\/status\/\w+$/.test(request.url ?? "");
    try {
      const { good, forwarded } = await this.#answer(request);
      if (power && faults.loseAnswers > 0) {
        faults.loseAnswers--;
        request.socket.destroy();
        return;
      }
      const { data, total } = good;
      const body = JSON.stringify({ ...(total !== undefined && { total }), ...shuffled({ data }) });
      send(response, 200, "OK", body, { forwarded, cut: faults.cutAnswers > 0 && faults.cutAnswers-- > 0 });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { status, message, errors, bare } = error;
      const body = bare
        ? ""
        : JSON.stringify({ data: null, message: `${message}\n`, ...(errors && { errors }) });
      send(response, status, message, body, { forwarded: false, cut: false });
    }
  }

  async #answer(request: IncomingMessage): Promise<{ good: Good; forwarded: boolean }> {
    const url = new URL(request.url ?? "/", "https://simulator");
    const method = request.method ?? "GET";
    const text = await bodyOf(request);
    const path = url.pathname.replace(/^\/api2\/json/, "");
    const segments = path
      .split("/")
      .slice(1)
      .map((segment) => decodeURIComponent(segment));
    const params = {
      ...Object.fromEntries(url.searchParams),
      ...readBody(text, request.headers["content-type"]),
    };
    this.seen.push({ method, path, params, at: Date.now() });
    if (!url.pathname.startsWith("/api2/json/"))
      throw new ApiError(501, `Method '${method} ${url.pathname}' not implemented`);
    const asked: Asked = { method, segments, params };
    if (method === "POST" && path === "/access/ticket") {
      return { good: { data: await this.auth.login(params) }, forwarded: true };
    }
    // Nobody learns which paths exist without a login.
    const open = method === "GET" && path === "/access/domains";
    const who = open ? { user: "nobody@pam" } : await this.auth.who(request);
    const match = find(asked);
    const good = await dispatch(this.world, match, asked, who);
    return { good: { ...good, data: shuffled(good.data) }, forwarded: match.route.protected === true };
  }
}

function makeNode(name: string, fingerprint: string): Node {
  return { name, fault: "none", bridges: new Set(["vmbr0"]), storage: new Set(["local"]), fingerprint };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function readBody(text: string, type = ""): Record<string, string> {
  if (text === "") return {};
  if (!type.startsWith("application/json")) return Object.fromEntries(new URLSearchParams(text));
  try {
    const parsed = JSON.parse(text) as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(parsed).map(([key, value]) => [key, value === true ? "1" : String(value)]),
    );
  } catch {
    throw new ApiError(500, "malformed JSON string, neither tag, array, object, number, string or atom");
  }
}

/** Keys come in any order, another one each time. */
function shuffled<T>(value: T): T {
  if (Array.isArray(value)) return value.map((entry: unknown) => shuffled(entry)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, child]) => [key, shuffled(child), Math.random()] as const);
  return Object.fromEntries(entries.sort((a, b) => a[2] - b[2]).map(([key, child]) => [key, child])) as T;
}

function send(
  response: ServerResponse,
  status: number,
  reason: string,
  body: string,
  { forwarded, cut }: { forwarded: boolean; cut: boolean },
): void {
  const bytes = Buffer.from(body);
  response.statusMessage = Buffer.from(reason.replaceAll(/[\r\n]+/g, " "), "utf8").toString("latin1");
  response.statusCode = status;
  const headers = {
    "Cache-Control": "max-age=0",
    Pragma: "no-cache",
    Expires: new Date().toUTCString(),
    Server: "pve-api-daemon/3.0",
    "Content-Length": String(bytes.length),
    ...(bytes.length > 0 && { "Content-Type": "application/json;charset=UTF-8" }),
    ...(status >= 400 ? { Connection: "close" } : forwarded ? { Connection: ["close", "Keep-Alive"] } : {}),
  };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (!cut) {
    response.end(bytes);
    return;
  }
  response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => response.destroy());
}
