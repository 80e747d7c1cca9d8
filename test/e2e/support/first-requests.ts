import { createHash, randomBytes } from "node:crypto";
import { firstEvent } from "../../support/visitor.ts";
import type { Recipe } from "./traefik-recipe.ts";

/** A body of 1 MB. */
export const MEGABYTE = randomBytes(1024 * 1024);
/** Its digest, as the app tells it. */
export const SHA256 = createHash("sha256").update(MEGABYTE).digest("hex");

/** What the app of the tests tells of a request. */
export interface Told {
  readonly app: string;
  readonly url: string;
  readonly method: string;
  readonly sha256: string;
}

/** The kinds of requests that a sleeping app may get first. */
export const KINDS = ["get", "post", "head", "ws", "sse", "grpc"] as const;

/** What comes of each where the request is held, and let through whole. */
export const HELD = {
  get: [200, "/a?b=1"],
  post: [200, SHA256],
  head: [200],
  ws: { status: 101, echo: "hello" },
  sse: { status: 200, text: 'data: {"count":0}\n\n' },
  grpc: [200, "POST"],
} as const;

/** Sends one first request of every kind, each to an app of its own (`NAME-KIND`), all at once. */
export async function firstRequests(r: Recipe, name: string, domain: string): Promise<unknown> {
  const answers = await Promise.all(KINDS.map((kind) => first(r, `${name}-${kind}.${domain}`, kind)));
  return Object.fromEntries(KINDS.map((kind, at) => [kind, answers[at]]));
}

async function first(r: Recipe, host: string, kind: (typeof KINDS)[number]): Promise<unknown> {
  switch (kind) {
    case "get": {
      const seen = await r.get(host, { path: "/a?b=1" });
      return [seen.status, told(seen.body).url];
    }
    case "post": {
      const seen = await r.get(host, { method: "POST", body: MEGABYTE });
      return [seen.status, told(seen.body).sha256];
    }
    case "head":
      // Of a client that is known to begin with it: a bare one wakes nothing.
      return [(await r.get(host, { method: "HEAD", headers: { "User-Agent": "rclone/v1.68.0" } })).status];
    case "ws":
      return await r.webSocket(host);
    case "sse":
      return await firstEvent(r.visitOf(host, { path: "/sse" }));
    case "grpc": {
      const headers = { "Content-Type": "application/grpc", TE: "trailers" };
      const seen = await r.get(host, { method: "POST", path: "/pkg.Service/Call", headers, body: "frame" });
      return [seen.status, told(seen.body).method];
    }
  }
}

/** What the app told; nothing where somebody else answered. */
export function told(body: string): Partial<Told> {
  try {
    return JSON.parse(body) as Told;
  } catch {
    return {};
  }
}

/** Puts six containers to sleep in this way, one for each kind of request. */
export async function sixApps(
  r: Recipe,
  how: "stopped" | "paused" | "created",
  labelsOf: (name: string) => Readonly<Record<string, string>>,
): Promise<void> {
  for (const kind of KINDS) {
    const name = `${how}-${kind}`;
    await r.app(
      name,
      { "wakegate.foreign_stop_grace": "0s", ...labelsOf(name) },
      { env: { NAME: name, BOOT_MS: "200" } },
    );
    if (how === "created") continue;
    await r.docker.start(name);
    if (how === "paused") await r.docker.pause(name);
    else await r.docker.stop(name, 0);
  }
}
