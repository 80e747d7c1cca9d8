import { proxmoxApi, type ApiRequestable, type Proxmox } from "proxmox-api";
import type { ProxmoxEngineSpec } from "../../config/model/engine.ts";
import { backoffMs } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";
import { SingleFlight } from "../../lib/single-flight.ts";
import type { ProviderDeps } from "../open.ts";
import type { ProviderError } from "../provider.ts";
import { DialAgent, type Destination } from "./dial.ts";
import { PveFailure, translate, type FailureContext } from "./errors.ts";
import { exchange, ExchangeError, type Answer, type Request } from "../exchange.ts";
import { Login } from "./login.ts";
import { isRecord, plain, textOf } from "./plain.ts";
import { race } from "../../lib/race.ts";

/** How long one answer may take, in ms. Power calls answer at once with a task, but a busy node is slow. */
export interface Deadlines {
  readonly get: number;
  readonly post: number;
}

const DEADLINES: Deadlines = { get: 10_000, post: 40_000 };
/** Each refusal costs 3 s of a worker there: the next try waits. */
const REFUSED = { firstMs: 10_000, maxMs: 300_000 };

const BASE = "/api2/json";

/** Of a query or form. Booleans become 1 and 0. */
type Params = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** One cluster: its address, who we are there, and the one way to call it. */
export class Connection implements Disposable {
  readonly engine: string;
  readonly clock: Clock;
  readonly log: NonNullable<ProviderDeps["log"]>;
  /** What `pveum acl modify` takes to give us rights. */
  readonly aclArgument: string;
  /** `the token wakegate@pve!power`. */
  readonly who: string;
  readonly #url: string;
  readonly #to: Destination;
  readonly #deadlines: Deadlines;
  readonly #login: Login;
  readonly #kept: DialAgent;
  readonly #fresh: DialAgent;
  #version: string | undefined;
  /** The first call proves that we are let in; the others wait for it, so that a refusal costs one delay. */
  readonly #proving = new SingleFlight<void>();
  #proved = false;
  #refusal: { readonly error: ProviderError; readonly until: number; readonly tries: number } | undefined;

  constructor(spec: ProxmoxEngineSpec, deps: ProviderDeps, deadlines: Partial<Deadlines> = {}) {
    const { hostname, port } = new URL(spec.url);
    const { login } = spec;
    this.engine = spec.name;
    this.clock = deps.clock;
    this.log = deps.log ?? ((): void => undefined);
    this.#url = spec.url;
    this.#deadlines = { ...DEADLINES, ...deadlines };
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    this.#to = { engine: spec.name, host, port: Number(port) || 443, trust: spec.trust };
    this.#kept = new DialAgent(this.#to, true);
    this.#fresh = new DialAgent(this.#to, false);
    this.who = login.kind === "token" ? `the token ${login.id}` : `the user ${login.user}`;
    this.aclArgument = login.kind === "token" ? `--tokens '${login.id}'` : `--users ${login.user}`;
    this.#login = new Login(spec.name, login, deps.clock, (form) => this.#askTicket(form));
  }

  /** `8.4.21`, once known. */
  get version(): string | undefined {
    return this.#version;
  }

  /**
   * Calls the API by the typed paths of proxmox-api, with a deadline for each request and the caller's signal.
   * A GET whose connection is closed under it is sent once more; nothing else is ever sent twice.
   *
   * @throws ProviderError for every failure; the signal's reason after its abort.
   */
  async call<T>(signal: AbortSignal, work: (api: Proxmox.Api) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const requestable: ApiRequestable = {
      doRequest: (method, path, template, params) =>
        this.#request(method.toUpperCase(), path, template, params, signal),
    };
    return work(proxmoxApi(requestable));
  }

  /** Makes the next call prove again that we are let in, and that it is still the same version. */
  renew(): void {
    this.#proved = false;
  }

  [Symbol.dispose](): void {
    this.#kept.destroy();
    this.#fresh.destroy();
  }

  async #request(
    method: string,
    path: string,
    template: string,
    params: Params | undefined,
    signal: AbortSignal,
  ): Promise<unknown> {
    if (!this.#proved)
      await race(
        this.#proving.run(() => this.#prove()),
        signal,
      );
    return this.#authorized(method, path, template, params, signal);
  }

  async #prove(): Promise<void> {
    if (this.#refusal && this.clock.monotonic() < this.#refusal.until) throw this.#refusal.error;
    const data = await this.#authorized("GET", `${BASE}/version`, `${BASE}/version`, undefined, undefined);
    const version = textOf(isRecord(data) ? data["version"] : undefined);
    if (version !== undefined && version !== this.#version) {
      this.log("info", "cluster connected", { engine: this.engine, version });
      this.#version = version;
    }
    this.#proved = true;
  }

  async #authorized(
    method: string,
    path: string,
    template: string,
    params: Params | undefined,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const context = this.#context(method, template);
    using limit = deadline(this.clock, this.#limitOf(method), context.what, signal);
    for (let attempt = 0; ; attempt++) {
      try {
        const headers = await this.#login.headers(method, limit.signal);
        const data = read(await this.#exchange(toRequest(method, path, params, headers), limit.signal));
        this.#refusal = undefined;
        return data;
      } catch (error) {
        signal?.throwIfAborted();
        const cause: unknown = limit.signal.aborted ? limit.signal.reason : error;
        const refused = cause instanceof PveFailure && cause.status === 401;
        // A refused request was not carried out, so also a POST may go again with a new ticket.
        if (refused && attempt === 0 && this.#login.refused()) continue;
        const translated = translate(unwrap(cause), context);
        if (refused || isRefusal(translated)) this.#refuse(translated);
        throw translated;
      }
    }
  }

  #refuse(error: ProviderError): void {
    const tries = (this.#refusal?.tries ?? 0) + 1;
    this.#proved = false;
    this.#refusal = { error, tries, until: this.clock.monotonic() + backoffMs(tries - 1, REFUSED) };
  }

  async #exchange(request: Request, signal: AbortSignal): Promise<Answer> {
    const agent = request.method === "GET" ? this.#kept : this.#fresh;
    try {
      return await exchange(agent, this.#to, request, signal);
    } catch (error) {
      if (!(error instanceof ExchangeError) || !error.wasReset || request.method !== "GET") throw error;
      return exchange(this.#fresh, this.#to, request, signal);
    }
  }

  /** Serves every caller that waits for the ticket, so no caller's signal ends it; the deadline does. */
  async #askTicket(form: Readonly<Record<string, string>>): Promise<unknown> {
    const request = toRequest("POST", `${BASE}/access/ticket`, form, {});
    using limit = deadline(this.clock, this.#deadlines.post, "POST /access/ticket");
    return read(await this.#exchange(request, limit.signal));
  }

  #limitOf(method: string): number {
    return method === "GET" ? this.#deadlines.get : this.#deadlines.post;
  }

  #context(method: string, template: string): FailureContext {
    const what = `${method} ${template.slice(BASE.length).replaceAll("*", "{}")}`;
    return { engine: this.engine, url: this.#url, who: this.who, aclArgument: this.aclArgument, what };
  }
}

function toRequest(
  method: string,
  path: string,
  params: Params | undefined,
  headers: Readonly<Record<string, string>>,
): Request {
  const pairs = Object.entries(params ?? {}).flatMap(([key, value]): [string, string][] => {
    if (value === undefined || value === null) return [];
    return [[key, typeof value === "boolean" ? (value ? "1" : "0") : String(value)]];
  });
  const form = new URLSearchParams(pairs).toString();
  const common = { accept: "application/json", "user-agent": "wakegate", ...headers };
  if (method === "GET" || method === "DELETE") {
    return { method, path: form === "" ? path : `${path}?${form}`, headers: common };
  }
  const length = String(Buffer.byteLength(form));
  const type = { "content-type": "application/x-www-form-urlencoded", "content-length": length };
  return { method, path, headers: { ...common, ...type }, body: form };
}

/** The data of a good answer. Throws PveFailure for all others. */
function read({ status, reason, body }: Answer): unknown {
  const envelope = parse(body);
  if (status >= 200 && status < 300) {
    if (isRecord(envelope) && "data" in envelope) return envelope["data"];
    throw new PveFailure(501, "the answer is none of a Proxmox API");
  }
  const { message, errors } = isRecord(envelope) ? envelope : {};
  const words = plain(textOf(message) ?? "") || plain(reason);
  const texts = isRecord(errors)
    ? Object.entries(errors).map(([key, text]) => [key, String(text)] as const)
    : [];
  throw new PveFailure(status, words, Object.fromEntries(texts));
}

function parse(body: string): unknown {
  try {
    return body === "" ? undefined : JSON.parse(body);
  } catch {
    return undefined;
  }
}

function unwrap(error: unknown): unknown {
  return error instanceof ExchangeError ? error.cause : error;
}

/** A login that cannot work, such as one that needs a second factor, is not tried again at once either. */
function isRefusal(error: ProviderError): boolean {
  return error.code === "engine_forbidden" && !(error.cause instanceof PveFailure);
}
