import type { IncomingMessage } from "node:http";
import type { KubernetesEngineSpec } from "../../config/model/engine.ts";
import { sleep, type Clock } from "../../lib/clock.ts";
import { race } from "../../lib/race.ts";
import { deadline, linkSignals, onAbort } from "../../lib/signals.ts";
import { exchange, ExchangeError, openAnswer, readAnswer, type Answer, type Request } from "../exchange.ts";
import type { ProviderDeps } from "../open.ts";
import { Door } from "./door.ts";
import { insideHere, readAccess, type Inside } from "./read-access.ts";
import { ProviderError } from "../provider.ts";
import { KubeFailure, translate } from "./errors.ts";
import type { Right } from "./rights.ts";

/** One question to the API server. */
export interface Ask {
  readonly right: Right;
  /** Below the server's own path, complete: `/apis/apps/v1/namespaces/web/deployments/blog`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Of what, for messages. */
  readonly what: string;
}

/** How long an answer may take, in ms. */
export interface Deadlines {
  /** A page of a list may be large, and the server busy. */
  readonly list: number;
  readonly other: number;
}

const DEADLINES: Deadlines = { list: 60_000, other: 15_000 };
/** A server that asks to be left alone is asked so often, and for no longer than this at a time. */
const PATIENCE = { tries: 4, longestMs: 5_000 };

const METHODS = { get: "GET", list: "GET", watch: "GET", patch: "PATCH", update: "PUT", create: "POST" };

/** One cluster: its address, who we are there, and the one way to ask it. */
export class Connection implements Disposable {
  readonly engine: string;
  readonly clock: Clock;
  readonly log: NonNullable<ProviderDeps["log"]>;
  readonly #spec: KubernetesEngineSpec;
  readonly #deadlines: Deadlines;
  readonly #inside: Inside;
  #door: Door | undefined;

  constructor(
    spec: KubernetesEngineSpec,
    deps: ProviderDeps,
    deadlines: Partial<Deadlines> = {},
    inside: Inside = insideHere(),
  ) {
    this.engine = spec.name;
    this.clock = deps.clock;
    this.log = deps.log ?? ((): void => undefined);
    this.#spec = spec;
    this.#deadlines = { ...DEADLINES, ...deadlines };
    this.#inside = inside;
  }

  /** The namespace that Wakegate itself is in, where that is known. @throws ProviderError as `readAccess`. */
  get namespace(): string | undefined {
    return this.#open().access.namespace;
  }

  /** The next call reads anew where the cluster is and who we are. */
  renew(): void {
    this.#door?.[Symbol.dispose]();
    this.#door = undefined;
  }

  /**
   * Asks and gives the parsed answer, with a deadline of its own and the caller's signal. A question that the server
   * refused without carrying it out (401 with a token that is renewed by now, 429) is put again, and a GET whose kept
   * connection was closed under it; nothing else is ever sent twice.
   *
   * @throws ProviderError for every failure; the signal's reason after its abort.
   */
  async call(ask: Ask, signal: AbortSignal): Promise<unknown> {
    const { body } = await this.#ask(ask, signal, async (door, request, inner) =>
      good(await send(door, request, inner)),
    );
    const parsed = parse(body);
    if (parsed !== undefined) return parsed;
    const { url } = this.#open().access;
    const message = `engine ${this.engine}: what answers at ${url} is no API server of Kubernetes`;
    throw new ProviderError("engine_incompatible", this.engine, message);
  }

  /** As `call`, for what is no JSON. */
  async text(ask: Ask, signal: AbortSignal): Promise<string> {
    const answer = await this.#ask(ask, signal, async (door, request, inner) =>
      good(await send(door, request, inner)),
    );
    return answer.body;
  }

  /**
   * Opens a stream; the caller reads and destroys it. The signal ends it too.
   *
   * @throws as `call`.
   */
  async stream(ask: Ask, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#ask(ask, signal, async (door, request, inner) => {
      // The deadline is for the beginning alone, the caller's signal for all of it.
      const life = linkSignals(signal);
      const late = onAbort(inner, () => life.abort(inner.reason as Error));
      const incoming = await openAnswer(door.streams, door.to, request, life.signal)
        .catch((error: unknown) => {
          life[Symbol.dispose]();
          throw error;
        })
        .finally(() => late[Symbol.dispose]());
      incoming.once("close", () => life[Symbol.dispose]());
      if (incoming.statusCode !== 200) good(await readAnswer(incoming, inner));
      incoming.socket.setKeepAlive(true, 30_000);
      return incoming;
    });
  }

  [Symbol.dispose](): void {
    this.renew();
  }

  async #ask<T>(
    ask: Ask,
    signal: AbortSignal,
    work: (door: Door, request: Request, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const { verb } = ask.right;
    const ms = verb === "list" ? this.#deadlines.list : this.#deadlines.other;
    using limit = deadline(this.clock, ms, `${verb} ${ask.right.resource}`, signal);
    let door: Door | undefined;
    for (let tries = 1; ; tries++) {
      try {
        door = this.#open();
        const asking = work(door, toRequest(door, ask), limit.signal);
        return await race(asking, limit.signal);
      } catch (error) {
        signal.throwIfAborted();
        const cause: unknown = limit.signal.aborted ? limit.signal.reason : error;
        if (door && cause instanceof KubeFailure && (await this.#mayAgain(door, cause, tries, limit.signal)))
          continue;
        const { url, who } = door?.access ?? { url: "the API server", who: "Wakegate" };
        throw translate(cause, { engine: this.engine, url, who, right: ask.right, what: ask.what });
      }
    }
  }

  /** Whether a question that was refused unheard is put again, after the time that the server wants. */
  async #mayAgain(
    door: Door,
    { status, retryAfterMs = 1_000 }: KubeFailure,
    tries: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (status === 401 && tries === 1) {
      const before = door.token();
      if (this.#door === door) this.renew();
      return this.#open().token() !== before;
    }
    if (status !== 429 || tries >= PATIENCE.tries) return false;
    await sleep(this.clock, Math.min(retryAfterMs, PATIENCE.longestMs), signal).catch(() => undefined);
    return !signal.aborted;
  }

  #open(): Door {
    return (this.#door ??= new Door(this.engine, readAccess(this.#spec, this.#inside), this.clock));
  }
}

/** A kept connection may be closed by the server just when it is used. */
async function send(door: Door, request: Request, signal: AbortSignal): Promise<Answer> {
  try {
    return await exchange(door.kept, door.to, request, signal);
  } catch (error) {
    if (!(error instanceof ExchangeError) || !error.wasReset || request.method !== "GET") throw error;
    return exchange(door.streams, door.to, request, signal);
  }
}

function toRequest(door: Door, { right, path, query = {}, body }: Ask): Request {
  const pairs = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, String(value)]],
  );
  const search = new URLSearchParams(pairs).toString();
  const token = door.token();
  const text = body === undefined ? undefined : JSON.stringify(body);
  const type = right.verb === "patch" ? "application/merge-patch+json" : "application/json";
  return {
    method: METHODS[right.verb],
    path: `${door.base}${path}${search === "" ? "" : `?${search}`}`,
    headers: {
      accept: "application/json",
      "user-agent": "wakegate",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(text !== undefined && {
        "content-type": type,
        "content-length": String(Buffer.byteLength(text)),
      }),
    },
    ...(text !== undefined && { body: text }),
  };
}

/** A good answer as it is. @throws KubeFailure for all others. */
function good(answer: Answer): Answer {
  const { status, reason, headers, body } = answer;
  if (status >= 200 && status < 300) return answer;
  const told = parse(body) as { reason?: unknown; message?: unknown } | undefined;
  const seconds = Number(headers["retry-after"]);
  throw new KubeFailure(
    status,
    typeof told?.reason === "string" ? told.reason : "",
    typeof told?.message === "string" ? told.message : reason,
    Number.isFinite(seconds) ? seconds * 1_000 : undefined,
  );
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
