import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  createClient,
  type RedisClientOptions,
  type RedisClientType,
  type RedisFunctions,
  type RedisModules,
  type RedisScripts,
} from "@redis/client";
import type { RedisStoreSettings } from "../config/model/store.ts";
import { messageOf } from "../errors.ts";
import { backoffMs } from "../lib/backoff.ts";
import { sleep, type Clock } from "../lib/clock.ts";

/** A Lua script. Redis runs it atomically. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** Redis identifies a script by the SHA-1 of its text. */
export function scriptOf(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/** Callbacks of a connection. */
export interface RedisListener {
  onUp(): void;
  /** Called once per outage; `why` is a sentence for the operator. */
  onDown(why: string): void;
  onMessage(text: string): void;
}

export interface RedisConnectionOptions {
  readonly settings: RedisStoreSettings;
  readonly clock: Clock;
  /** Prefix of every key; the channel is `{prefix}news`. */
  readonly prefix: string;
  /** Longest time that Redis may take to answer, ms. */
  readonly answerMs: number;
  readonly listener: RedisListener;
}

/** Shorter than a lease: a replica is connected again before the others decide without it. */
const RETRY = { firstMs: 100, maxMs: 2_000 };

type Client = RedisClientType<RedisModules, RedisFunctions, RedisScripts, 2>;
type ClientOptions = RedisClientOptions<RedisModules, RedisFunctions, RedisScripts, 2>;

/**
 * The connection to Redis: one socket for commands and one for the channel. When either fails, or an answer is overdue,
 * both are closed and opened again, until disposal.
 */
export class RedisConnection implements AsyncDisposable {
  readonly #options: RedisConnectionOptions;
  readonly #closing = new AbortController();
  #pair: { readonly commands: Client; readonly news: Client } | undefined;
  #reportedDown = false;
  #onBroken: (() => void) | undefined;
  readonly #ended: Promise<void>;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    this.#ended = this.#reconnect();
  }

  get up(): boolean {
    return this.#pair !== undefined;
  }

  /**
   * Runs a script with the prefix as its only key.
   *
   * @throws Error when there is no connection, no answer within `answerMs`, or Redis refuses.
   */
  async run(script: Script, args: readonly string[]): Promise<unknown> {
    const pair = this.#pair;
    if (!pair) throw new Error("Redis is not connected");
    const rest = ["1", this.#options.prefix, ...args];
    return await this.#withDeadline(pair, async () => {
      try {
        return await pair.commands.sendCommand(["EVALSHA", script.sha, ...rest]);
      } catch (error) {
        if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
        return await pair.commands.sendCommand(["EVAL", script.text, ...rest]);
      }
    });
  }

  /** Sends a message to all replicas. It may be lost. Never rejects. */
  async publish(message: unknown): Promise<void> {
    const pair = this.#pair;
    if (!pair) return;
    const command = ["PUBLISH", `${this.#options.prefix}news`, JSON.stringify(message)];
    await this.#withDeadline(pair, () => pair.commands.sendCommand(command)).catch(() => undefined);
  }

  /** Closes the connection when an answer is overdue: it can no longer be matched to its question. */
  async #withDeadline<T>(pair: object, ask: () => Promise<T>): Promise<T> {
    const { clock, answerMs } = this.#options;
    let timer: Disposable | undefined;
    const overdue = new Promise<never>((_, reject) => {
      timer = clock.after(answerMs, () => {
        reject(new Error(`no answer within ${String(answerMs)} ms`));
        if (this.#pair === pair) this.#break(`no answer within ${String(answerMs)} ms`);
      });
    });
    try {
      return await Promise.race([ask(), overdue]);
    } catch (error) {
      // A Redis replica after a failover, or a server that loads its data: the next connection may reach the right one.
      if (/^(READONLY|LOADING|MASTERDOWN|NOAUTH|NOPERM)/.test(messageOf(error)) && this.#pair === pair)
        this.#break(explainRedis(error, this.#options.settings));
      throw error;
    } finally {
      timer?.[Symbol.dispose]();
    }
  }

  async #reconnect(): Promise<void> {
    const { clock, settings } = this.#options;
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#connect();
        attempt = 0;
      } catch (error) {
        this.#reportDown(explainRedis(error, settings));
      }
      await sleep(clock, backoffMs(attempt, RETRY), signal).catch(() => undefined);
    }
  }

  /** Resolves when an established connection breaks; rejects when none could be established. */
  async #connect(): Promise<void> {
    const options = await clientOptions(this.#options);
    const broken = new Promise<void>((resolve) => (this.#onBroken = resolve));
    const commands = createClient(options);
    const news = createClient(options);
    const pair = { commands, news };
    let why: unknown;
    for (const client of [commands, news]) {
      client.on("error", (error: unknown) => {
        why = error;
        if (this.#pair === pair) this.#break(explainRedis(error, this.#options.settings));
      });
      client.on("end", () => this.#pair === pair && this.#break("the connection was closed"));
    }
    try {
      await this.#withDeadline(pair, async () => {
        await Promise.all([commands.connect(), news.connect()]);
        await news.subscribe(`${this.#options.prefix}news`, (text) => this.#options.listener.onMessage(text));
      });
      this.#closing.signal.throwIfAborted();
      this.#pair = pair;
      this.#reportedDown = false;
      this.#options.listener.onUp();
      await broken;
    } catch (error) {
      throw why ?? error;
    } finally {
      this.#pair = undefined;
      for (const client of [commands, news]) drop(client);
    }
  }

  #break(why: string): void {
    this.#pair = undefined;
    this.#reportDown(why);
    this.#onBroken?.();
  }

  #reportDown(why: string): void {
    if (this.#reportedDown || this.#closing.signal.aborted) return;
    this.#reportedDown = true;
    this.#options.listener.onDown(why);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error("closed"));
    this.#pair = undefined;
    this.#onBroken?.();
    await this.#ended;
  }
}

async function clientOptions({ settings, answerMs }: RedisConnectionOptions): Promise<ClientOptions> {
  const { host, port, tls, caFile, database, username, password } = settings;
  const secret =
    password === undefined
      ? undefined
      : "text" in password
        ? password.text
        : (await readFile(password.file, "utf8")).trim();
  const ca = caFile === undefined ? undefined : await readFile(caFile);
  const socket = { host, port, connectTimeout: answerMs, reconnectStrategy: false, noDelay: true } as const;
  return {
    socket: tls ? { ...socket, tls: true, ...(ca && { ca }) } : socket,
    database,
    ...(username !== undefined && { username }),
    ...(secret !== undefined && { password: secret }),
    RESP: 2,
    // Each of these needs one more ACL permission, and none is useful here.
    disableClientInfo: true,
    maintNotifications: "disabled",
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
  };
}

function drop(client: Client): void {
  try {
    client.destroy();
  } catch {
    // Already closed.
  }
}

/** Explains a failure of Redis in a sentence that says what to do. Never contains a secret. Pure. */
export function explainRedis(
  error: unknown,
  {
    host,
    port,
    tls,
    password,
    username,
  }: Pick<RedisStoreSettings, "host" | "port" | "tls" | "password" | "username">,
): string {
  const place = `Redis at ${host}:${String(port)}`;
  const text = messageOf(error) || codeOf(error) || "unknown error";
  const who = username === undefined ? "" : ` for user ${username}`;
  if (text.startsWith("WRONGPASS") || /invalid password/i.test(text))
    return `${place} refuses the password${who}: check store.redis.username and store.redis.password_file`;
  if (text.startsWith("NOAUTH"))
    return `${place} requires a password${password ? ", although one was sent" : ""}: set store.redis.password_file`;
  if (/called without any password configured/.test(text))
    return `${place} has no password, but one is configured: remove it from store.redis, or set requirepass in Redis`;
  if (text.startsWith("NOPERM"))
    return `${place} denies a command that Wakegate needs (${text}): docs/guide/replicas.md lists the permissions`;
  if (text.startsWith("READONLY"))
    return `${place} is a read-only replica: set store.redis.url to the primary`;
  if (text.startsWith("OOM"))
    return `${place} is out of memory: raise maxmemory, or use a separate Redis for Wakegate`;
  if (text.startsWith("LOADING")) return `${place} is still loading its data`;
  if (text.startsWith("ERR DB index"))
    return `${place} has no such database: correct the number at the end of store.redis.url`;
  if (codeOf(error) === "ENOENT") return `a file named in store.redis cannot be read: ${text}`;
  if (/certificate|self.signed|altname/i.test(text))
    return `The certificate of ${place} is not trusted (${text}): set store.redis.ca_file, or correct the host in store.redis.url`;
  if (/wrong version number|packet length too long|EPROTO/i.test(text))
    return `${place} does not use TLS: use redis:// in store.redis.url`;
  if (/socket closed|ECONNRESET|closed unexpectedly/i.test(text))
    return `${place} closed the connection${tls ? "" : ". If it requires TLS, use rediss:// in store.redis.url"}`;
  return `${place} does not respond (${text})${tls ? ". If it does not use TLS, use redis:// in store.redis.url" : ""}`;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
