import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RawDocker, RawEvent } from "../../support/raw-docker.ts";
import type { RunningWakegate } from "./wakegate.ts";

/** A verdict as a proxy gets it. */
export interface Verdict {
  readonly status: number;
  /** X-Wakegate: the state in one word; absent when the request passes. */
  readonly state: string | undefined;
  readonly retryAfter: number | undefined;
  readonly body: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly uri?: string;
  /** A browser's navigation: gets the page. */
  readonly navigate?: boolean;
  /** A browser that guesses what its user may want: never wakes, never waits. */
  readonly prefetch?: boolean;
  readonly signal?: AbortSignal;
}

/** Asks for a verdict the way Traefik and Caddy do. Held for as long as Wakegate holds it. */
export function ask(
  wakegate: Pick<RunningWakegate, "internal">,
  host: string,
  options: AskOptions = {},
): Promise<Verdict> {
  const [address, port] = wakegate.internal.split(":");
  const { method = "GET", uri = "/", navigate = false, prefetch = false, signal } = options;
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: address,
        port,
        path: "/api/authz/forward-auth",
        agent: false,
        ...(signal && { signal }),
        headers: {
          "X-Forwarded-Method": method,
          "X-Forwarded-Proto": "http",
          "X-Forwarded-Host": host,
          "X-Forwarded-Uri": uri,
          ...(prefetch && { "Sec-Purpose": "prefetch" }),
          Accept: navigate ? "text/html" : "application/json",
        },
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("error", reject);
        response.on("end", () => {
          const state = response.headers["x-wakegate"];
          const retryAfter = response.headers["retry-after"];
          resolve({
            status: response.statusCode ?? 0,
            state: typeof state === "string" ? state : undefined,
            retryAfter: retryAfter === undefined ? undefined : Number(retryAfter),
            body,
          });
        });
      },
    );
    call.on("error", reject);
    call.end();
  });
}

/** What a visitor gets: the app's own answer, or Wakegate's. */
export interface Visit {
  readonly status: number;
  /** Name of the app that answered; undefined: Wakegate did. */
  readonly app: string | undefined;
  /** Changes with each run of the app. */
  readonly run: string | undefined;
  readonly body: string;
}

/**
 * A request through a proxy: the verdict, and after a pass at once the app itself, at the address that the
 * engine gives for it then. A connection that fails is an error of the visit, as it is for a visitor.
 */
export async function visit(
  wakegate: Pick<RunningWakegate, "internal">,
  docker: RawDocker,
  container: string,
  host: string,
): Promise<Visit> {
  const verdict = await ask(wakegate, host);
  if (verdict.status !== 200)
    return { status: verdict.status, app: undefined, run: undefined, body: verdict.body };
  // A connection kept open would be use, as long as it is open.
  const response = await fetch(`http://${await docker.address(container)}:8080/`, {
    headers: { connection: "close" },
  });
  return {
    status: response.status,
    app: response.headers.get("x-app") ?? undefined,
    run: response.headers.get("x-run") ?? undefined,
    body: await response.text(),
  };
}

/** Asks again and again until the answer is defined. @throws Error that says what was waited for. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 30_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${String(withinMs)} ms in vain: ${what}`);
    await delay(50);
  }
}

/** Whether the promise is still open. */
export async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol();
  return (await Promise.race([promise, delay(0, open)])) === open;
}

/** The engine's word for the state of a container; "gone" when there is none. */
export async function statusOf(docker: RawDocker, container: string): Promise<string> {
  try {
    return (await docker.inspect(container)).State.Status;
  } catch {
    return "gone";
  }
}

/** Resolves when Wakegate's state file says so: what is not on disk is not known after a kill. */
export async function onDisk(
  wakegate: Pick<RunningWakegate, "folder">,
  text: string | RegExp,
): Promise<void> {
  const file = join(wakegate.folder, "state/state.json");
  const read = (): Promise<string> => readFile(file, "utf8").catch(() => "");
  await eventually(`${String(text)} in the state file`, async () => new RegExp(text).test(await read()));
}

/** Everything that an engine tells, kept from the moment of the call: its own log forgets after 256 events. */
export interface EngineLog extends Disposable {
  readonly all: readonly RawEvent[];
  /** `action container` of each, in order, for the given actions. */
  lines(...actions: string[]): readonly string[];
  /** Engine times in ms of every such event. */
  times(action: string, container: string): readonly number[];
  /** Resolves to the time of the `nth` such event (1: the first). */
  until(action: string, container: string, nth?: number): Promise<number>;
}

/** Follows the container events of an engine. Resolves when the stream is open. */
export function followEngine(docker: RawDocker): Promise<EngineLog> {
  const all: RawEvent[] = [];
  const times = (action: string, container: string): readonly number[] =>
    all
      .filter((event) => event.Action === action && event.Actor.Attributes["name"] === container)
      .map((event) => event.timeNano / 1e6);
  return new Promise((resolve, reject) => {
    const filters = encodeURIComponent(JSON.stringify({ type: ["container"] }));
    const since = (Date.now() / 1000).toFixed(3);
    const path = `/events?since=${since}&filters=${filters}`;
    const call = request({ socketPath: docker.socketPath, path, agent: false }, (response) => {
      let rest = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line) all.push(JSON.parse(line) as RawEvent);
      });
      response.on("error", () => undefined);
      resolve({
        all,
        times,
        lines: (...actions) =>
          all
            .filter(({ Action }) => actions.includes(Action))
            .map(({ Action, Actor }) => `${Action} ${Actor.Attributes["name"] ?? ""}`),
        until: (action, container, nth = 1) =>
          eventually(`${action} of ${container}`, () => times(action, container)[nth - 1]),
        [Symbol.dispose]: () => call.destroy(),
      });
    });
    call.on("error", reject);
    call.end();
  });
}

/** When the app inside wrote the first such line, in ms of the engine's clock; undefined: it has not. */
export async function saidAt(
  docker: RawDocker,
  container: string,
  text: string,
): Promise<number | undefined> {
  const log = await docker.text("GET", `/containers/${container}/logs?stdout=1&stderr=1&timestamps=1`);
  const line = log.split("\n").find((one) => one.includes(text));
  const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(line ?? "")?.[0];
  return time === undefined ? undefined : Date.parse(time);
}
