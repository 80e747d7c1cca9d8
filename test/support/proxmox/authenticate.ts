import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ApiError, badParameters } from "./answers.ts";
import { askDaemon } from "./dispatch.ts";
import type { Principal, World } from "./world.ts";

const TICKET_LIFE_S = 7_200;

/** Tickets and tokens. */
export class Authenticator {
  readonly #world: World;
  #key = randomBytes(32);
  /** How many tickets were given, for tests. */
  tickets = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Makes every ticket that was given so far invalid. */
  expireTickets(): void {
    this.#key = randomBytes(32);
  }

  /** Who sends this request. @throws ApiError 401, after the delay that every refusal costs. */
  async who(request: IncomingMessage): Promise<Principal> {
    const { authorization = "", cookie = "" } = request.headers;
    const token = /^PVEAPIToken[= ](.*)$/.exec(authorization)?.[1];
    const written =
      /(?:^|;\s*)PVEAuthCookie=([^;]*)/.exec(cookie)?.[1] ?? /^PVEAuthCookie=(.*)$/.exec(authorization)?.[1];
    if (token !== undefined) return this.#byToken(token) ?? (await this.#refuse("Authentication failed!"));
    if (written === undefined) return this.#refuse("No ticket");
    const ticket = decodeURIComponent(written);
    if (this.#world.faults.secondFactor || ticket.startsWith("PVE:!tfa!")) return this.#refuse("No ticket");
    const user = this.#userOf(ticket);
    if (user === undefined) return this.#refuse("Authentication failed!");
    if (request.method !== "GET" && !this.#isCsrf(user, request.headers["csrfpreventiontoken"])) {
      return this.#refuse("Permission denied - invalid csrf token");
    }
    return { user };
  }

  /** POST /access/ticket. */
  async login(params: Readonly<Record<string, string>>): Promise<unknown> {
    const missing = ["username", "password"].filter((key) => params[key] === undefined);
    if (missing.length > 0) {
      throw badParameters(
        Object.fromEntries(missing.map((key) => [key, "property is missing and it is not optional"])),
      );
    }
    await askDaemon(this.#world);
    const { username = "", password = "", realm } = params;
    const user = realm !== undefined && !username.includes("@") ? `${username}@${realm}` : username;
    const known = this.#world.rights.users.get(user);
    const good = known?.enabled === true && (known.password === password || this.#userOf(password) === user);
    if (!good) {
      await this.#world.pause(3_000);
      throw new ApiError(401, "authentication failure", { bare: false });
    }
    this.tickets++;
    const half = this.#world.faults.secondFactor;
    const cap = this.#world.rights.capabilities({ user });
    return {
      username: user,
      cap,
      CSRFPreventionToken: this.#csrf(user),
      ticket: this.#ticket(user, half),
      ...(half && { NeedTFA: 1 }),
    };
  }

  async #refuse(reason: string): Promise<never> {
    await this.#world.pause(3_000);
    throw new ApiError(401, reason);
  }

  #byToken(text: string): Principal | undefined {
    const [, id = "", secret] = /^([^=]+)=(.*)$/.exec(text) ?? [];
    const token = this.#world.rights.token(id);
    const [user = "", name] = id.split("!");
    const enabled = this.#world.rights.users.get(user)?.enabled === true;
    return enabled && name !== undefined && token?.secret === secret && !token?.expired
      ? { user, token: name }
      : undefined;
  }

  #ticket(user: string, half: boolean): string {
    const at = Math.floor(Date.now() / 1_000)
      .toString(16)
      .toUpperCase()
      .padStart(8, "0");
    const head = half ? `PVE:!tfa!${user}:${at}` : `PVE:${user}:${at}`;
    return `${head}::${this.#sign(head)}`;
  }

  #userOf(ticket: string): string | undefined {
    const [, head = "", user, at = "0", signature] =
      /^(PVE:([^:!]+):([0-9A-F]{8}))::(.*)$/.exec(ticket) ?? [];
    if (user === undefined || signature !== this.#sign(head)) return undefined;
    const age = Date.now() / 1_000 - Number.parseInt(at, 16);
    return age < TICKET_LIFE_S ? user : undefined;
  }

  #csrf(user: string): string {
    const at = Math.floor(Date.now() / 1_000)
      .toString(16)
      .toUpperCase();
    return `${at}:${this.#sign(`csrf ${at} ${user}`)}`;
  }

  #isCsrf(user: string, written: string | string[] | undefined): boolean {
    const [at = "", signature] = String(written).split(/:(.*)/);
    return signature === this.#sign(`csrf ${at} ${user}`);
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64");
  }
}
