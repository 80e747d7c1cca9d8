import { readFileSync } from "node:fs";
import type { ProxmoxLogin, SecretSource } from "../../config/model/engine.ts";
import { messageOf } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { ProxmoxError } from "./errors.ts";
import { isRecord, textOf } from "./plain.ts";
import { race } from "../../lib/race.ts";
import { SingleFlight } from "../../lib/single-flight.ts";

/** Asks for a ticket: form in, data out, with a deadline of its own. Throws what the API answers. */
export type AskTicket = (form: Readonly<Record<string, string>>) => Promise<unknown>;

interface Ticket {
  readonly value: string;
  readonly csrf: string;
  /** Monotonic ms. */
  readonly at: number;
}

/** Tickets live two hours. From this age on, the old one buys a new one. */
const RENEW_AFTER_MS = 60 * 60_000;
/** From this age on, the old one may be refused any moment: the password is sent again. */
const STALE_AFTER_MS = 110 * 60_000;

/** How requests say who sends them. Secrets are read when they are needed and never kept in an error. */
export class Login {
  readonly #engine: string;
  readonly #login: ProxmoxLogin;
  readonly #clock: Clock;
  readonly #ask: AskTicket;
  #ticket: Ticket | undefined;
  readonly #renewing = new SingleFlight<void>();

  constructor(engine: string, login: ProxmoxLogin, clock: Clock, ask: AskTicket) {
    this.#engine = engine;
    this.#login = login;
    this.#clock = clock;
    this.#ask = ask;
  }

  /** Headers for one request. A ticket is fetched, or renewed, first; all who wait share one. */
  async headers(method: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const login = this.#login;
    if (login.kind === "token") {
      return { authorization: `PVEAPIToken=${login.id}=${this.#read(login.secret)}` };
    }
    const age = this.#ticket ? this.#clock.monotonic() - this.#ticket.at : Infinity;
    if (age > RENEW_AFTER_MS) {
      await race(
        this.#renewing.run(() => this.#renew()),
        signal,
      );
    }
    const ticket = this.#ticket;
    if (!ticket) throw new ProxmoxError("engine_forbidden", this.#engine, "no ticket was given");
    return {
      cookie: `PVEAuthCookie=${encodeURIComponent(ticket.value)}`,
      // Only what changes something is asked for it.
      ...(method !== "GET" && { csrfpreventiontoken: ticket.csrf }),
    };
  }

  /** A request was refused. True when a new ticket may help: it is fetched with the next request. */
  refused(): boolean {
    const had = this.#ticket !== undefined;
    this.#ticket = undefined;
    return had;
  }

  async #renew(): Promise<void> {
    const { user, secret } = this.#login as Extract<ProxmoxLogin, { kind: "password" }>;
    const old = this.#ticket;
    if (old && this.#clock.monotonic() - old.at < STALE_AFTER_MS) {
      try {
        this.#ticket = this.#take(await this.#ask({ username: user, password: old.value }));
        return;
      } catch {
        // The keys it was signed with are gone: the password is as good.
        this.#ticket = undefined;
      }
    }
    const password = this.#read(secret);
    this.#ticket = this.#take(await this.#ask({ username: user, password }));
  }

  #take(data: unknown): Ticket {
    const { ticket, CSRFPreventionToken: csrf, NeedTFA: needsSecond } = isRecord(data) ? data : {};
    const value = textOf(ticket);
    if (needsSecond || value === undefined || value.startsWith("PVE:!tfa!")) {
      const message = "the user has a second factor, which nobody is there to give: use an API token";
      throw new ProxmoxError("engine_forbidden", this.#engine, message);
    }
    return { value, csrf: textOf(csrf) ?? "", at: this.#clock.monotonic() };
  }

  /** Read each time: a file may be replaced while we run. */
  #read(source: SecretSource): string {
    if ("text" in source) return source.text;
    try {
      const secret = readFileSync(source.file, "utf8").trim();
      if (/^[\x21-\x7e]+$/.test(secret) || this.#login.kind === "password") return secret;
    } catch (error) {
      const message = `the file with its secret cannot be read: ${messageOf(error)}`;
      throw new ProxmoxError("engine_forbidden", this.#engine, message, {}, { cause: error });
    }
    throw new ProxmoxError("engine_forbidden", this.#engine, `${source.file} holds no token secret`);
  }
}
