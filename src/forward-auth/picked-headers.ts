/** The headers that a verdict may depend on, taken from the raw pairs in one pass. */
export interface PickedHeaders {
  /** `true`: the header is there more than once, which nobody may read as one value. */
  method: string | true | undefined;
  authority: string | true | undefined;
  uri: string | true | undefined;
  /** X-Forwarded-Prefix: what Traefik's stripPrefix took off. */
  prefix: string | true | undefined;
  originalMethod: string | true | undefined;
  originalUrl: string | true | undefined;
  proto: string | undefined;
  /** All X-Forwarded-For lines joined, in order. */
  forwardedFor: string | undefined;
  userAgent: string | undefined;
  accept: string | undefined;
  acceptLanguage: string | undefined;
  contentType: string | undefined;
  fetchMode: string | undefined;
  fetchDest: string | undefined;
  webSocket: boolean;
  prefetch: boolean;
  serviceWorkerScript: boolean;
  preflightMethod: boolean;
  /** A page's script asks, whatever it accepts: jQuery, htmx, Turbo, PJAX, or any request across origins. */
  script: boolean;
}

/** Reads `rawHeaders` of node:http: name, value, name, value. Header names are compared without case. */
export function pickHeaders(rawHeaders: readonly string[]): PickedHeaders {
  const picked: PickedHeaders = {
    method: undefined,
    authority: undefined,
    uri: undefined,
    prefix: undefined,
    originalMethod: undefined,
    originalUrl: undefined,
    proto: undefined,
    forwardedFor: undefined,
    userAgent: undefined,
    accept: undefined,
    acceptLanguage: undefined,
    contentType: undefined,
    fetchMode: undefined,
    fetchDest: undefined,
    webSocket: false,
    prefetch: false,
    serviceWorkerScript: false,
    preflightMethod: false,
    script: false,
  };
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    pick(picked, rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
  }
  return picked;
}

/** By length first: most headers are told apart without looking at their letters. */
function pick(picked: PickedHeaders, name: string, value: string): void {
  switch (name.length) {
    case 5:
      if (is(name, "X-Moz")) notePurpose(picked, value);
      return;
    case 6:
      if (is(name, "Accept")) picked.accept = joined(picked.accept, value);
      else if (is(name, "Origin") || is(name, "X-PJAX")) picked.script = true;
      return;
    case 7:
      if (is(name, "Purpose")) notePurpose(picked, value);
      // Caddy leaves the handshake whole; Traefik takes this one away and leaves Sec-WebSocket-*.
      else if (is(name, "Upgrade") && /\bwebsocket\b/i.test(value)) picked.webSocket = true;
      return;
    case 9:
      if (is(name, "X-Purpose")) notePurpose(picked, value);
      return;
    case 10:
      if (is(name, "User-Agent")) picked.userAgent ??= value;
      else if (is(name, "HX-Request")) picked.script = true;
      return;
    case 11:
      if (is(name, "Sec-Purpose")) notePurpose(picked, value);
      else if (is(name, "Turbo-Frame")) picked.script = true;
      return;
    case 12:
      if (is(name, "Content-Type")) picked.contentType ??= value;
      return;
    case 14:
      if (is(name, "Sec-Fetch-Mode")) picked.fetchMode ??= value;
      else if (is(name, "Sec-Fetch-Dest")) picked.fetchDest ??= value;
      else if (is(name, "X-Original-Url")) picked.originalUrl = single(picked.originalUrl, value);
      else if (is(name, "Service-Worker") && value === "script") picked.serviceWorkerScript = true;
      return;
    case 15:
      if (is(name, "X-Forwarded-Uri")) picked.uri = single(picked.uri, value);
      else if (is(name, "X-Forwarded-For")) picked.forwardedFor = joined(picked.forwardedFor, value);
      else if (is(name, "Accept-Language")) picked.acceptLanguage ??= value;
      return;
    case 16:
      if (is(name, "X-Forwarded-Host")) picked.authority = single(picked.authority, value);
      // Android's web views put the name of their app here, and do navigate.
      else if (is(name, "X-Requested-With") && /^xmlhttprequest$/i.test(value)) picked.script = true;
      return;
    case 17:
      if (is(name, "X-Forwarded-Proto")) picked.proto ??= value;
      else if (is(name, "X-Original-Method")) picked.originalMethod = single(picked.originalMethod, value);
      else if (is(name, "Sec-Websocket-Key")) picked.webSocket = true;
      return;
    case 18:
      if (is(name, "X-Forwarded-Method")) picked.method = single(picked.method, value);
      else if (is(name, "X-Forwarded-Prefix")) picked.prefix = single(picked.prefix, value);
      else if (is(name, "X-Turbo-Request-Id")) picked.script = true;
      return;
    case 21:
      if (is(name, "Sec-Websocket-Version")) picked.webSocket = true;
      return;
    case 29:
      if (is(name, "Access-Control-Request-Method")) picked.preflightMethod = true;
      return;
    default:
  }
}

/**
 * Compares a header name of the same length without case and without a copy. Proxies write names as Go does, so
 * nearly always the first comparison says yes; others are told apart soonest from the end. The bit makes letters
 * lower case and leaves the hyphen; an underscore becomes a character that no name has.
 */
function is(name: string, usual: string): boolean {
  if (name === usual) return true;
  for (let index = usual.length - 1; index >= 0; index -= 1) {
    if ((name.charCodeAt(index) | 0x20) !== (usual.charCodeAt(index) | 0x20)) return false;
  }
  return true;
}

function single(before: string | true | undefined, value: string): string | true {
  return before === undefined ? value : true;
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`;
}

function notePurpose(picked: PickedHeaders, value: string): void {
  if (/\bpre(?:fetch|render|view)/i.test(value)) picked.prefetch = true;
}
