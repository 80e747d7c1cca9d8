import type { TraefikSettings } from "../../config/model/traefik.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { ProblemLog } from "../../watchers/registry/problem-log.ts";
import type { PublishOptions } from "./input.ts";
import { Inventory, type TargetSource } from "./inventory.ts";
import { publish } from "./publish.ts";
import type { TraefikVersion } from "./version.ts";

/** What the publisher is made with. */
export interface PublisherOptions {
  readonly source: TargetSource;
  readonly log: Log;
  readonly clock: Clock;
  /** Port of the public listener. */
  readonly publicPort: () => number;
}

/** One question of Traefik's. */
export interface Question {
  readonly settings: TraefikSettings;
  /** The version that the way of asking proves. */
  readonly version: TraefikVersion;
  /** Host, and port if any, that Traefik asked. */
  readonly host: string;
}

/** Keeps the document for Traefik, made anew only after something changed. */
export class TraefikPublisher implements Disposable {
  readonly #source: TargetSource;
  readonly #publicPort: () => number;
  readonly #problems: ProblemLog;
  readonly #stop = new AbortController();
  readonly #subscription: Disposable;
  readonly #inventory: Inventory;
  /** By what it was made for; empty after every change. */
  readonly #made = new Map<string, Promise<string>>();

  constructor({ source, log, clock, publicPort }: PublisherOptions) {
    this.#source = source;
    this.#publicPort = publicPort;
    this.#problems = new ProblemLog(log, clock);
    this.#inventory = new Inventory(source, this.#stop.signal);
    this.#subscription = source.changed.subscribe(() => this.#made.clear());
  }

  /**
   * The document; undefined until every engine was listed, so that Traefik keeps what it has in place of
   * dropping the routers of all that sleeps.
   */
  async document(question: Question): Promise<string | undefined> {
    if (!this.#source.settled) return undefined;
    const options = this.#options(question);
    const key = JSON.stringify(options);
    const known = this.#made.get(key);
    if (known) return await known;
    if (this.#made.size >= MOST_KEPT) this.#made.clear();
    const made = this.#make(options, key);
    this.#made.set(key, made);
    return await made;
  }

  async #make(options: PublishOptions, key: string): Promise<string> {
    const { targets, complete } = await this.#inventory.read();
    const { text, warnings } = publish(targets, options);
    this.#problems.tell(warnings, []);
    if (!complete) this.#made.delete(key);
    return text;
  }

  #options({ settings, version, host }: Question): PublishOptions {
    const { entryPoints, certResolver, middlewares, failOpen, monitors } = settings;
    const name = host.replace(/:\d+$/, "");
    return {
      internalUrl: settings.internalUrl ?? `http://${host}`,
      publicUrl: settings.publicUrl ?? `http://${name}:${String(this.#publicPort())}`,
      version: settings.version ?? version,
      entryPoints,
      middlewares,
      monitors,
      ...(certResolver === undefined ? {} : { certResolver }),
      ...(failOpen === undefined ? {} : { failOpen }),
    };
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    this.#problems[Symbol.dispose]();
    this.#stop.abort(new Error("publishing to Traefik ends"));
  }
}

/** One Traefik asks in one way; more are two Traefiks, or tests. */
const MOST_KEPT = 8;
