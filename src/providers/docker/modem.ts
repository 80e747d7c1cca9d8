import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type DockerClass from "dockerode";
import type { EngineAddress, TlsMaterial } from "./address.ts";
import { JsonArrayDecoder } from "../../lib/json-array.ts";
import { Docker } from "./dockerode.ts";

/** The part of docker-modem that we build on. */
interface Modem {
  version: string | undefined;
  agent: HttpAgent;
  dial(options: DialOptions, callback: DialCallback): void;
  buildRequest(
    options: RequestOptions,
    context: DialOptions,
    data: string | undefined,
    callback: DialCallback,
  ): void;
  buildPayload(
    error: null,
    isStream: true,
    statusCodes: DialOptions["statusCodes"],
    openStdin: false,
    request: ClientRequest,
    response: IncomingMessage,
    json: null,
    callback: DialCallback,
  ): void;
}

interface DialOptions {
  path: string;
  method: string;
  isStream?: boolean;
  options?: object;
  abortSignal?: AbortSignal;
  statusCodes: Readonly<Record<number, boolean | string>>;
}

type DialCallback = (error: Error | null, result: unknown) => void;

/** Bodies beyond this are refused: 10,000 containers with many labels list in about 40 MB. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

/** Connections are kept for less than any proxy's own limit. */
const KEPT_MS = 4_000;
/** A kept connection that says nothing for so long may be dead without anybody having told. */
const SILENT_MS = 2_000;
/** How a connection ends that was closed before it was used again. */
const STALE: ReadonlySet<string | undefined> = new Set(["ECONNRESET", "EPIPE", "STALE"]);

class StaleConnection extends Error {
  readonly code = "STALE";
}

/** A dockerode for this one address: nothing in the environment has a say. */
export function buildDocker(address: EngineAddress, tls: TlsMaterial): DockerClass {
  const docker = withoutDockerEnvironment(
    () =>
      new Docker({
        // All of them, also the undefined ones: what is left out, docker-modem takes from the environment.
        socketPath: address.kind === "unix" ? address.path : undefined,
        host: address.kind === "tcp" ? address.host : undefined,
        port: address.kind === "tcp" ? address.port : undefined,
        protocol: address.kind === "tcp" ? address.protocol : "http",
        ca: tls.ca,
        cert: tls.cert,
        key: tls.key,
        timeout: undefined,
        username: undefined,
      }),
  );
  const modem = modemOf(docker);
  const secure = address.kind === "tcp" && address.protocol === "https";
  const kept = { keepAlive: true, timeout: KEPT_MS, maxFreeSockets: 4 };
  modem.agent = secure ? new HttpsAgent(kept) : new HttpAgent(kept);
  sendRequestsOurselves(modem, secure);
  return docker;
}

/** Fixes the API version that goes into each path. */
export function setApiVersion(docker: DockerClass, version: string): void {
  modemOf(docker).version = `v${version}`;
}

/** Closes kept connections. */
export function closeDocker(docker: DockerClass): void {
  modemOf(docker).agent.destroy();
}

/** A GET whose body is read as it comes. The stream fails with an error when it is cut or the signal aborts. */
export function openStream(
  docker: DockerClass,
  path: string,
  query: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options: DialOptions = {
      path: `${path}?`,
      method: "GET",
      isStream: true,
      options: { ...query },
      abortSignal: signal,
      statusCodes: { 200: true },
    };
    modemOf(docker).dial(options, (error, response) => {
      if (error) reject(error);
      else resolve(response as IncomingMessage);
    });
  });
}

/** A GET that dockerode knows without an abort signal. Answers parsed JSON, or text. */
export async function get(docker: DockerClass, path: string, signal: AbortSignal): Promise<unknown> {
  return collect(await openStream(docker, path, {}, signal));
}

/** A GET that answers an array, item by item as they come. Fails like {@link openStream}, or when it is no array. */
export async function* getItems(
  docker: DockerClass,
  path: string,
  query: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): AsyncGenerator {
  const response = await openStream(docker, path, query, signal);
  const decoder = new JsonArrayDecoder();
  try {
    for await (const chunk of bounded(response)) yield* decoder.push(chunk);
    decoder.end();
  } catch (error) {
    throw error instanceof SyntaxError ? new Error(NO_JSON, { cause: error }) : error;
  }
}

function modemOf(docker: DockerClass): Modem {
  return docker.modem as unknown as Modem;
}

/**
 * docker-modem's own way to send a request is not safe: a connection cut inside a body never calls back, a cut
 * JSON document becomes a Buffer, and a redirection is followed anywhere, which on a unix socket throws where
 * nobody can catch it. What it makes of options, statuses and errors stays.
 */
function sendRequestsOurselves(modem: Modem, secure: boolean): void {
  const send = secure ? httpsRequest : httpRequest;
  // A kept connection may be closed by the engine in the moment we use it, and only a look can be taken again: what
  // changes something gets a connection of its own, unless that costs a TLS handshake. To make one for each look
  // costs memory above all: node lets go of a connection only when the old generation is collected.
  const once = secure ? modem.agent : new HttpAgent({ keepAlive: false });
  const ask = (
    options: RequestOptions,
    context: DialOptions,
    data: string | undefined,
    callback: DialCallback,
    agent: HttpAgent | false,
  ): void => {
    const request = send({ ...options, agent });
    let silent: NodeJS.Timeout | undefined;
    request.on("socket", () => {
      if (!request.reusedSocket || context.method !== "GET") return;
      silent = setTimeout(() => request.destroy(new StaleConnection()), SILENT_MS);
    });
    // After the answer began, its stream tells what goes wrong.
    request.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(silent);
      const stale = request.reusedSocket && STALE.has(error.code);
      if (stale && context.method === "GET") ask(options, context, data, callback, false);
      else callback(error, null);
    });
    request.on("response", (response) => {
      clearTimeout(silent);
      modem.buildPayload(null, true, context.statusCodes, false, request, response, null, (error, result) => {
        if (error || context.isStream) callback(error, result);
        else void answer(response, callback);
      });
    });
    request.end(data);
  };
  modem.buildRequest = (options, context, data, callback) =>
    ask(options, context, data, callback, context.method === "GET" && !context.isStream ? modem.agent : once);
}

async function answer(response: IncomingMessage, callback: DialCallback): Promise<void> {
  let body: unknown;
  try {
    body = await collect(response);
  } catch (error) {
    callback(error as Error, null);
    return;
  }
  callback(null, body);
}

async function collect(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of bounded(response)) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (!response.headers["content-type"]?.startsWith("application/json") || text === "") return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(NO_JSON, { cause: error });
  }
}

const NO_JSON = "the answer is no JSON";

async function* bounded(response: IncomingMessage): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error("the answer is larger than 256 MiB");
    yield chunk;
  }
}

/**
 * docker-modem reads DOCKER_HOST and friends while it is constructed, throws for a malformed one, and reads
 * DOCKER_CERT_PATH's files. The construction is synchronous, so nobody else sees the environment without them.
 */
function withoutDockerEnvironment<T>(build: () => T): T {
  const kept = Object.entries(process.env).filter(([key]) => key.startsWith("DOCKER_"));
  for (const [key] of kept) delete process.env[key];
  try {
    return build();
  } finally {
    for (const [key, value] of kept) process.env[key] = value;
  }
}
