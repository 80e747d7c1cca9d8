import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { normalHost } from "./host-name.ts";
import { pickHeaders, type PickedHeaders } from "./picked-headers.ts";
import { quality } from "./accepts.ts";
import { matchPath } from "./request-path.ts";
import { plainAddress } from "../lib/address-blocks.ts";
import type { TrustedPeers } from "./trusted-peers.ts";

/** How the asking proxy describes the request it holds. */
export type Dialect = "forward-auth" | "forward-auth-prefix" | "nginx";

/** What is known of the request that waits in the proxy. Values only: nothing of it is trusted twice. */
export interface RequestFacts {
  readonly method: string;
  /** Lower case, no port, no trailing dot. */
  readonly host: string;
  /** Host and port as the client wrote them, to build absolute URLs of the same place. */
  readonly authority: string;
  /** Path and query as they are. */
  readonly uri: string;
  /** The path in its normal form, for routes and rules only. */
  readonly path: string;
  /** A second reading of the path; see `MatchPath`. */
  readonly alternativePath: string | undefined;
  readonly proto: "http" | "https";
  /** Rightmost address of X-Forwarded-For that is no trusted proxy, else the peer's own. */
  readonly client: string;
  readonly userAgent: string | undefined;
  readonly accept: string | undefined;
  readonly acceptLanguage: string | undefined;
  /** A browser opens a page: GET or HEAD, and the answer will be shown as a document. */
  readonly navigation: boolean;
  /** A HEAD of no browser and of no program that is known to begin its work with one. */
  readonly bareHead: boolean;
  /** A handshake after which the connection is used on: WebSocket, event stream, gRPC. */
  readonly longLived: boolean;
  readonly grpc: boolean;
  /** The browser guesses that the user may want this (prefetch, prerender). */
  readonly prefetch: boolean;
  /** The browser looks for an update of a service worker, by itself. */
  readonly serviceWorkerScript: boolean;
  /** A CORS preflight. */
  readonly preflight: boolean;
  /** All headers of the proxy's call as they came: name, value, name, value. For rules only. */
  readonly headers: readonly string[];
}

/** The facts, or what is wrong with the headers, one name with a reason each. */
export type ParsedFacts =
  | { readonly ok: true; readonly facts: RequestFacts }
  | { readonly ok: false; readonly wrong: readonly string[] };

/**
 * Reads the facts from raw header pairs. X-Forwarded-* are what Traefik and Caddy send on a forward-auth
 * call, X-Original-* what an nginx `auth_request` location sets. X-Forwarded-Prefix is read only where the operator
 * chose the address for it (`forward-auth-prefix`): not every proxy removes a visitor's own header of that name.
 * Underscore spellings are other names and are ignored. The caller has checked that the peer is trusted.
 */
export function parseFacts(
  rawHeaders: readonly string[],
  peer: string,
  dialect: Dialect,
  trusted: TrustedPeers,
): ParsedFacts {
  const headers = pickHeaders(rawHeaders);
  const asked = dialect === "nginx" ? originalRequest(headers) : forwardedRequest(headers, dialect);
  if (Array.isArray(asked)) return { ok: false, wrong: asked };
  const client = clientAddress(headers.forwardedFor, peer, trusted);
  return { ok: true, facts: completeFacts(asked, headers, client, rawHeaders) };
}

/**
 * Reads the facts from the request itself, for the catch-all: its own method, Host and target. Forwarded
 * headers mean nothing here, whoever sent them.
 */
export function parseDirectFacts(
  { method, url, rawHeaders }: Pick<IncomingMessage, "method" | "url" | "rawHeaders">,
  peer: string,
): ParsedFacts {
  const hosts = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === "host");
  const [authority = ""] = hosts;
  const host = hosts.length === 1 ? normalHost(authority) : undefined;
  const wrong: string[] = [];
  if (host === undefined) wrong.push(`Host ${hosts.length > 1 ? fault(true) : fault(hosts[0])}`);
  if (method === undefined || !METHOD.test(method)) wrong.push("the method is malformed");
  if (url === undefined || !ORIGIN_FORM.test(url)) wrong.push("the request target is malformed");
  if (host === undefined || method === undefined || url === undefined || wrong.length > 0) {
    return { ok: false, wrong };
  }
  const asked: AskedRequest = { method, authority, host, uri: url, proto: "http" };
  return { ok: true, facts: completeFacts(asked, pickHeaders(rawHeaders), plainAddress(peer), rawHeaders) };
}

function completeFacts(
  asked: AskedRequest,
  headers: PickedHeaders,
  client: string,
  rawHeaders: readonly string[],
): RequestFacts {
  const { method, authority, host, uri, proto } = asked;
  const match = matchPath(uri);
  const grpc = headers.contentType?.startsWith("application/grpc") === true;
  return {
    method,
    host,
    authority,
    uri,
    path: match.path,
    alternativePath: match.alternative,
    proto,
    client,
    userAgent: headers.userAgent,
    accept: headers.accept,
    acceptLanguage: headers.acceptLanguage,
    navigation: !grpc && isNavigation(method, headers),
    bareHead: method === "HEAD" && isBareHead(headers),
    longLived: grpc || headers.webSocket || headers.accept?.includes("text/event-stream") === true,
    grpc,
    prefetch: headers.prefetch,
    serviceWorkerScript: headers.serviceWorkerScript,
    preflight: method === "OPTIONS" && headers.preflightMethod,
    headers: rawHeaders,
  };
}

interface AskedRequest {
  readonly method: string;
  readonly authority: string;
  readonly host: string;
  readonly uri: string;
  readonly proto: "http" | "https";
}

/**
 * Any token (RFC 9110 sections 5.6.2 and 9.1): methods are case-sensitive, and some have underscores
 * (RPC_IN_DATA, SSTP_DUPLEX_POST). Each proxy in front has judged the method already. The length keeps
 * what is logged short.
 */
const METHOD = /^[\w!#$%&'*+.^`|~-]{1,128}$/;
/** Origin-form (RFC 9112 section 3.2.1): a slash, then no space and no control character. */
// oxlint-disable-next-line no-control-regex
const ORIGIN_FORM = /^\/[^\x00-\x20\x7f]*$/;
const ABSOLUTE_URL = /^(https?|wss?):\/\/([^/?#]+)(\/.*|\?.*)?$/i;

function forwardedRequest(headers: PickedHeaders, dialect: Dialect): AskedRequest | string[] {
  const { method, authority } = headers;
  const uri = dialect === "forward-auth-prefix" ? unstripped(headers) : headers.uri;
  const host = typeof authority === "string" ? normalHost(authority) : undefined;
  const goodMethod = typeof method === "string" && (method === "GET" || METHOD.test(method));
  const goodUri = typeof uri === "string" && ORIGIN_FORM.test(uri);
  if (goodMethod && goodUri && host !== undefined && typeof authority === "string") {
    return { method, authority, host, uri, proto: protocol(headers.proto) };
  }
  const wrong: string[] = [];
  if (!goodMethod) wrong.push(`X-Forwarded-Method ${fault(method)}`);
  if (host === undefined) wrong.push(`X-Forwarded-Host ${hostFault(authority)}`);
  if (!goodUri) wrong.push(`X-Forwarded-Uri ${fault(uri)}`);
  return wrong;
}

/** The visitor's own URI, from which the proxy had taken a prefix off. */
function unstripped({ uri, prefix }: PickedHeaders): string | true | undefined {
  if (prefix === undefined || typeof uri !== "string") return uri;
  return typeof prefix === "string" && ORIGIN_FORM.test(uri) ? prefix.replace(/\/$/, "") + uri : prefix;
}

function originalRequest(headers: PickedHeaders): AskedRequest | string[] {
  const { originalMethod: method, originalUrl: url } = headers;
  const goodMethod = typeof method === "string" && (method === "GET" || METHOD.test(method));
  const parts = typeof url === "string" ? ABSOLUTE_URL.exec(url) : null;
  const authority = parts?.[2] ?? "";
  const host = normalHost(authority);
  const rest = parts?.[3] ?? "/";
  const uri = rest.startsWith("/") ? rest : `/${rest}`;
  const goodUrl = host !== undefined && ORIGIN_FORM.test(uri);
  if (goodMethod && goodUrl) return { method, authority, host, uri, proto: protocol(parts?.[1]) };
  const wrong: string[] = [];
  if (!goodMethod) wrong.push(`X-Original-Method ${fault(method)}`);
  if (!goodUrl) wrong.push(`X-Original-URL ${fault(url)}`);
  return wrong;
}

function fault(value: string | true | undefined): string {
  if (value === undefined) return "is missing";
  return value === true ? "is there more than once" : "is malformed";
}

function hostFault(value: string | true | undefined): string {
  const list = typeof value === "string" && value.includes(",");
  return list ? `is a list (${value.slice(0, MAX_SHOWN)})` : fault(value);
}

const MAX_SHOWN = 200;

/** The first of a list, because each proxy in a row adds its own; ws and wss are Traefik's for handshakes. */
function protocol(value: string | undefined): "http" | "https" {
  return value !== undefined && /^(?:https|wss)\b/i.test(value) ? "https" : "http";
}

/**
 * Fetch metadata decides where there is any. Browsers send none to plain-http hosts other than localhost: there
 * the request must ask for HTML before anything else, and neither a script of a page nor a client library
 * may show. Java's default, for one, is `text/html, image/gif, …`.
 */
function isNavigation(method: string, headers: PickedHeaders): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  const { fetchMode, fetchDest } = headers;
  if (fetchMode !== undefined || fetchDest !== undefined) {
    return fetchMode === "navigate" || fetchDest === "document";
  }
  return !headers.script && prefersHtml(headers.accept) && !isLibrary(headers.userAgent);
}

/** Programs that fetch for other programs, by the names of their libraries. Java adds its own to a browser's. */
function isLibrary(userAgent: string | undefined): boolean {
  if (userAgent === undefined) return false;
  return userAgent.startsWith("Mozilla/") ? /\bJava\/\d/.test(userAgent) : LIBRARY.test(userAgent);
}

const LIBRARY =
  /^node$|\b(?:java|python|php|perl|ruby|node|deno|bun|dart|dalvik|lua|go)[-/]|http[-_.]?client|http-?kit|urllib|httpx|aiohttp|requests\b|curl|wget|libwww-perl|lwp|okhttp|retrofit|axios|undici|node-fetch|\bgot\b|superagent|guzzle|symfony|faraday|http\.rb|mechanize|rest-?client|restsharp|reqwest|hyper\/|ureq|cfnetwork|darwin\/|alamofire|winhttp|\.net\b|powershell|postman|insomnia|httpie|axel\/|aria2/i;

/** Of the types with the highest quality the first one is HTML. */
function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined || !accept.includes("html")) return false;
  let best = 0;
  let html = false;
  for (const range of accept.slice(0, MAX_ACCEPT).split(",")) {
    const [type = "", ...parameters] = range.split(";");
    const q = quality(parameters);
    if (q <= best) continue;
    best = q;
    html = /^\s*(?:text\/html|application\/xhtml\+xml)\s*$/i.test(type);
  }
  return html;
}

/** Longer lists are judged by their beginning. */
const MAX_ACCEPT = 1000;

/** Fetch metadata proves a browser's script; other programs are known by their names. */
function isBareHead({ fetchMode, fetchDest, userAgent }: PickedHeaders): boolean {
  if (fetchMode !== undefined || fetchDest !== undefined) return false;
  return userAgent === undefined || !BEGINS_WITH_HEAD.test(userAgent);
}

/** Backups, object stores, registries, build tools, WebDAV and players, which look with HEAD before they use. */
const BEGINS_WITH_HEAD =
  /\b(?:aws-(?:cli|sdk)|boto|botocore|minio|s3cmd|s5cmd|rclone|restic|kopia|duplicacy|apache-maven|gradle|docker|containerd|buildkit|buildah|podman|skopeo|containers|go-containerregistry|cosign|helm|git|git-lfs|svn|mirall|webdav|webdavfs|davfs2|gvfs|cyberduck|microsoft office|lavf|vlc|libvlc|kodi|mpv|exoplayer|stagefright|applecoremedia)\b/i;

/** What one proxy makes of a client without a list: by far the most frequent form. */
const ONE_IPV4 = /^(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(?:\.(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}$/;

/** Each proxy appends the address it saw, so only what trusted proxies appended can be believed. */
function clientAddress(list: string | undefined, peer: string, trusted: TrustedPeers): string {
  if (list !== undefined && ONE_IPV4.test(list)) return list;
  let client = plainAddress(peer);
  if (list === undefined) return client;
  const hops = list.split(",");
  for (let index = hops.length - 1; index >= 0; index -= 1) {
    const address = bareAddress(hops[index] ?? "");
    if (address === undefined) return client;
    client = address;
    if (!trusted.has(address)) return client;
  }
  return client;
}

/** Some proxies write a port behind the address. */
function bareAddress(hop: string): string | undefined {
  const text = hop.trim();
  const match = /^\[([^\]]+)\](?::\d+)?$/.exec(text) ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(text);
  const address = plainAddress(match?.[1] ?? text);
  return isIP(address) === 0 ? undefined : address;
}

/** A method that changes nothing (RFC 9110 section 9.2.1): it may be sent once more by itself. */
export function isSafe({ method }: Pick<RequestFacts, "method">): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}
