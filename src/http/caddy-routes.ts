import type { ServerResponse } from "node:http";
import type { Router } from "@koa/router";
import type { CertificateAnswer, CertificateReply } from "../forward-auth/certificate-question.ts";
import { plainAddress } from "../lib/address-blocks.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { andMore, Repeats } from "../lib/repeats.ts";

/** What answers Caddy's on-demand TLS. */
export interface CaddyRoutesOptions {
  readonly ask: (url: string, peer: string, res: ServerResponse) => Promise<CertificateReply>;
  readonly count: (answer: CertificateAnswer) => void;
  readonly log: Log;
  readonly clock: Clock;
}

/** Names are made up by scanners all day long: one line a minute for each kind of refusal. */
const TOLD_EVERY_MS = 60_000;

/** `/api/caddy/ask?domain=…` for Caddy's `on_demand_tls`: 200 allows a certificate, anything else does not. */
export function addCaddyRoutes(router: Router, { ask, count, log, clock }: CaddyRoutesOptions): void {
  const repeats = new Repeats(clock, TOLD_EVERY_MS);
  router.get("/api/caddy/ask", async (ctx) => {
    const peer = plainAddress(ctx.req.socket.remoteAddress ?? "");
    const { answer, status, message } = await ask(ctx.req.url ?? "", peer, ctx.res);
    count(answer);
    ctx.status = status;
    if (status === 503) ctx.set("Retry-After", "1");
    ctx.body = `${message}\n`;
    if (answer === "allowed") return;
    const more = repeats.pass(answer);
    if (more === undefined) return;
    // Who may not ask is the operator's to mend, and nothing gets a certificate until then.
    const level = answer === "untrusted" ? "warn" : "info";
    log[level]("certificate_refused", `no certificate: ${message}${andMore(more)}`, { answer, peer, more });
  });
}
