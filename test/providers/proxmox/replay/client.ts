import { request, type RequestOptions } from "node:https";
import type { Simulator } from "../../../support/proxmox/simulator.ts";
import type { Case } from "./recording.ts";

/** By what a request says who sends it. */
export type Identity =
  | { readonly kind: "nobody" }
  | { readonly kind: "bad"; readonly how: string }
  | { readonly kind: "token"; readonly id: string; readonly secret: string; readonly space: boolean }
  | { readonly kind: "ticket"; readonly user: string; readonly csrf: boolean };

/** Sends requests as they were recorded, by none of the code under test. */
export class Client {
  readonly #simulator: Simulator;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
  }

  async send({ method, path, form }: Case["request"], identity: Identity): Promise<Case["response"]> {
    const login = await this.#headers(method, identity);
    const body =
      form &&
      new URLSearchParams(Object.entries(form).map(([key, value]) => [key, String(value)])).toString();
    const headers = {
      ...login,
      ...(body !== undefined && { "content-type": "application/x-www-form-urlencoded" }),
    };
    return exchange({ port: this.#simulator.port, method, path: `/api2/json${path}`, headers }, body);
  }

  async #headers(method: string, identity: Identity): Promise<Readonly<Record<string, string>>> {
    switch (identity.kind) {
      case "nobody":
        return {};
      case "bad":
        return this.#badHeaders(identity.how);
      case "token":
        return { authorization: `PVEAPIToken${identity.space ? " " : "="}${identity.id}=${identity.secret}` };
      case "ticket": {
        const { user, csrf } = identity;
        const password = this.#simulator.world.rights.users.get(user)?.password ?? "";
        const form = { username: user, password };
        const { body } = await this.send(
          { method: "POST", path: "/access/ticket", form },
          { kind: "nobody" },
        );
        const { ticket, CSRFPreventionToken } = (body as { data: Record<string, string> }).data;
        return {
          authorization: `PVEAuthCookie=${ticket ?? ""}`,
          ...(csrf && method !== "GET" && { csrfpreventiontoken: CSRFPreventionToken ?? "" }),
        };
      }
    }
  }

  #badHeaders(how: string): Readonly<Record<string, string>> {
    const { rights } = this.#simulator.world;
    if (/ticket/.test(how)) return { cookie: "PVEAuthCookie=PVE:root@pam:00000000::garbage" };
    if (/malformed/.test(how)) return { authorization: "PVEAPIToken=nonsense" };
    if (/expired/.test(how)) {
      const secret = rights.addToken("root@pam", "old", false);
      rights.expire("root@pam!old");
      return { authorization: `PVEAPIToken=root@pam!old=${secret}` };
    }
    if (/user/.test(how))
      return { authorization: "PVEAPIToken=nobody@pve!x=0b9a7c1e-0000-4000-8000-000000000000" };
    rights.addToken("root@pam", "wrong", false);
    return { authorization: "PVEAPIToken=root@pam!wrong=0b9a7c1e-0000-4000-8000-000000000000" };
  }
}

function exchange(options: RequestOptions, body: string | undefined): Promise<Case["response"]> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", rejectUnauthorized: false, agent: false, ...options },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => {
          const { statusCode = 0, statusMessage = "" } = response;
          resolve({
            status: statusCode,
            reason: statusMessage,
            body: text === "" ? "" : (JSON.parse(text) as unknown),
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
