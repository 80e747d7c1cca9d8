import { request as plainRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as tlsRequest } from "node:https";
import { WakegateError } from "../../errors.ts";
import type { Clock } from "../../lib/clock.ts";
import { deadline } from "../../lib/signals.ts";

/** A Wakegate that the command line talks to. All methods throw {@link WakegateError} with what to do. */
export interface RemoteClient {
  readonly url: URL;
  get<T>(path: string, signal: AbortSignal): Promise<T>;
  post<T>(path: string, body: object, signal: AbortSignal): Promise<T>;
  delete(path: string, signal: AbortSignal): Promise<void>;
  /** An endless answer, for event streams. */
  stream(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage>;
}

/** Where and as whom to ask. */
export interface RemoteOptions {
  readonly url: URL;
  readonly token?: string;
  /** Why there is no token, for the message of a refusal. */
  readonly missing?: string;
  readonly clock: Clock;
  /** How long one question may take, in ms. Default: 15 s. */
  readonly limitMs?: number;
}

/** Refused by Wakegate, with the code and the evidence of the problem document. */
export class RemoteProblem extends WakegateError {
  override readonly name = "RemoteProblem";
  readonly status: number;
  readonly problem: string;

  constructor(status: number, problem: string, message: string) {
    super("remote_refused", message);
    this.status = status;
    this.problem = problem;
  }
}

/** One that does not answer a plain question within this time does not. */
const LIMIT_MS = 15_000;

/** A client of the API. */
export function createClient(options: RemoteOptions): RemoteClient {
  const call = async (
    method: string,
    path: string,
    body: object | undefined,
    signal: AbortSignal,
  ): Promise<unknown> => {
    using limit = deadline(options.clock, options.limitMs ?? LIMIT_MS, options.url.origin, signal);
    try {
      const response = await send(options, method, path, body, {}, limit.signal);
      const text = await readAll(response);
      const status = response.statusCode ?? 0;
      if (status >= 400) throw refused(status, text, options);
      return text === "" ? null : (JSON.parse(text) as unknown);
    } catch (error) {
      signal.throwIfAborted();
      throw failure(error, options);
    }
  };
  return {
    url: options.url,
    get: async <T>(path: string, signal: AbortSignal) => (await call("GET", path, undefined, signal)) as T,
    post: async <T>(path: string, body: object, signal: AbortSignal) =>
      (await call("POST", path, body, signal)) as T,
    delete: async (path, signal) => void (await call("DELETE", path, undefined, signal)),
    stream: async (path, headers, signal) => {
      try {
        const response = await send(options, "GET", path, undefined, headers, signal);
        const status = response.statusCode ?? 0;
        if (status >= 400) throw refused(status, await readAll(response), options);
        return response;
      } catch (error) {
        signal.throwIfAborted();
        throw failure(error, options);
      }
    },
  };
}

function send(
  { url, token }: RemoteOptions,
  method: string,
  path: string,
  body: object | undefined,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const base = url.pathname.replace(/\/$/, "");
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: RequestOptions = {
    method,
    signal,
    agent: false,
    headers: {
      Accept: "application/json",
      "X-Wakegate-Request": "cli",
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(text !== undefined && {
        "Content-Type": "application/json",
        "Content-Length": Buffer.byteLength(text),
      }),
      ...headers,
    },
  };
  const target = new URL(`${base}/api/v1${path}`, url);
  return new Promise((resolve, reject) => {
    const make = target.protocol === "https:" ? tlsRequest : plainRequest;
    const request = make(target, options, resolve);
    request.on("error", reject);
    request.end(text);
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function refused(status: number, text: string, { url, token, missing }: RemoteOptions): WakegateError {
  let problem: { title?: string; detail?: string; error?: string } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    // Not ours: a proxy in between, or something else altogether.
  }
  if (problem.error === undefined) {
    return new RemoteProblem(
      status,
      "",
      `${url.origin} answered ${String(status)}, but not as a Wakegate does. Is this its internal listener (port 9190), and does no sign-on stand in front of it? See --url and WAKEGATE_URL.`,
    );
  }
  const said = [problem.title, problem.detail].filter((part) => part !== undefined).join(". ");
  if (status !== 401) return new RemoteProblem(status, problem.error, said);
  const how =
    token === undefined
      ? [missing, "Give a token with --token-file FILE or as WAKEGATE_TOKEN."].filter(Boolean).join(" ")
      : "Check the token of --token-file or WAKEGATE_TOKEN, or the state folder (--state) that it was read from.";
  return new RemoteProblem(status, problem.error, `${problem.title ?? "Not allowed"}. ${how}`);
}

/** What went wrong before there was an answer. */
function failure(error: unknown, { url }: RemoteOptions): Error {
  if (error instanceof WakegateError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const where = url.origin;
  const advice =
    "Does it run (wakegate health), and is this its internal listener? Name another address with --url or WAKEGATE_URL.";
  switch (code) {
    case "ECONNREFUSED":
      return new WakegateError("remote_unreachable", `Nothing listens at ${where}. ${advice}`, {
        cause: error,
      });
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new WakegateError(
        "remote_unreachable",
        `There is no host ${url.hostname}. Name the address of Wakegate with --url or WAKEGATE_URL.`,
        { cause: error },
      );
    default:
      return new WakegateError(
        "remote_unreachable",
        `${where} does not answer: ${error instanceof Error ? error.message : String(error)}. ${advice}`,
        { cause: error },
      );
  }
}
