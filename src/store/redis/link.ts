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
import type { RedisStoreSettings } from "../../config/model/store.ts";
import { messageOf } from "../../errors.ts";
import { backoffMs } from "../../lib/backoff.ts";
import { sleep, type Clock } from "../../lib/clock.ts";
import { explainRedis } from "./explain.ts";

/** A piece of Lua that runs in Redis as a whole or not at all. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** Names a script's text as Redis does. */
export function scriptOf(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/** Who is told how the connection stands. */
export interface LinkListener {
  onUp(): void;
  /** Once for each outage; `why` is a sentence for the operator. */
  onDown(why: string): void;
  onMessage(text: string): void;
}

export interface LinkOptions {
  readonly settings: RedisStoreSettings;
  readonly clock: Clock;
  /** Begins every key; the channel is `{prefix}news`. */
  readonly prefix: string;
  /** Longest time that an answer may take, ms. */
  readonly answerMs: number;
  readonly listener: LinkListener;
}

/** Short enough for everybody to be back before anything is decided without them. */
const RETRY = { firstMs: 100, maxMs: 2_000 };

type Client = RedisClientType<RedisModules, RedisFunctions, RedisScripts, 2>;
type ClientOptions = RedisClientOptions<RedisModules, RedisFunctions, RedisScripts, 2>;

/**
 * The connection to Redis: one for commands, one that listens. Both or none: when one breaks, or an answer is
 * overdue, both are closed and made anew until `dispose`.
 */
export class RedisLink implements AsyncDisposable {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  #pair: { readonly commands: Client; readonly news: Client } | undefined;
  #toldDown = false;
  #broken: (() => void) | undefined;
  readonly #ended: Promise<void>;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#ended = this.#keep();
  }

  get up(): boolean {
    return this.#pair !== undefined;
  }

  /**
   * Runs a script with the prefix as its only key.
   *
   * @throws Error when there is no connection, no answer in time, or Redis refuses.
   */
  async run(script: Script, args: readonly string[]): Promise<unknown> {
    const pair = this.#pair;
    if (!pair) throw new Error("Redis is not connected");
    const rest = ["1", this.#options.prefix, ...args];
    return await this.#inTime(pair, async () => {
      try {
        return await pair.commands.sendCommand(["EVALSHA", script.sha, ...rest]);
      } catch (error) {
        if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
        return await pair.commands.sendCommand(["EVAL", script.text, ...rest]);
      }
    });
  }

  /** Tells all others, if they are listening. Never rejects. */
  async publish(message: unknown): Promise<void> {
    const pair = this.#pair;
    if (!pair) return;
    const command = ["PUBLISH", `${this.#options.prefix}news`, JSON.stringify(message)];
    await this.#inTime(pair, () => pair.commands.sendCommand(command)).catch(() => undefined);
  }

  /** An answer that is overdue breaks the connection: nothing is known of it any more. */
  async #inTime<T>(pair: object, ask: () => Promise<T>): Promise<T> {
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
      // A replica after a failover, or one that loads its data: the next address may be the right one.
      if (/^(READONLY|LOADING|MASTERDOWN|NOAUTH|NOPERM)/.test(messageOf(error)) && this.#pair === pair)
        this.#break(explainRedis(error, this.#options.settings));
      throw error;
    } finally {
      timer?.[Symbol.dispose]();
    }
  }

  async #keep(): Promise<void> {
    const { clock, settings } = this.#options;
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#connect();
        attempt = 0;
      } catch (error) {
        this.#tellDown(explainRedis(error, settings));
      }
      await sleep(clock, backoffMs(attempt, RETRY), signal).catch(() => undefined);
    }
  }

  /** Resolves when a connection that was made is broken. */
  async #connect(): Promise<void> {
    const options = await clientOptions(this.#options);
    const broken = new Promise<void>((resolve) => (this.#broken = resolve));
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
      await this.#inTime(pair, async () => {
        await Promise.all([commands.connect(), news.connect()]);
        await news.subscribe(`${this.#options.prefix}news`, (text) => this.#options.listener.onMessage(text));
      });
      this.#closing.signal.throwIfAborted();
      this.#pair = pair;
      this.#toldDown = false;
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
    this.#tellDown(why);
    this.#broken?.();
  }

  #tellDown(why: string): void {
    if (this.#toldDown || this.#closing.signal.aborted) return;
    this.#toldDown = true;
    this.#options.listener.onDown(why);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error("closed"));
    this.#pair = undefined;
    this.#broken?.();
    await this.#ended;
  }
}

async function clientOptions({ settings, answerMs }: LinkOptions): Promise<ClientOptions> {
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
    // Each of these would need one more right, and none is of use here.
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
    // It was closed already.
  }
}
