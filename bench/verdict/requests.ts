import { hostOf } from "../support/engine.ts";

/** Cookies of a single sign-on and an app or two. */
const COOKIE_BYTES = 1_536;

/**
 * One forward-auth call for each host, as Traefik sends it for a browser's request: the browser's own headers, 1.5 KB
 * of cookies and the forwarded ones.
 */
export function verdictRequests(hosts: number): readonly Buffer[] {
  return Array.from({ length: hosts }, (_, index) => {
    const lines = [
      "GET /api/authz/forward-auth HTTP/1.1",
      "Host: wakegate:9190",
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
      "Accept: application/json, text/plain, */*",
      "Accept-Encoding: gzip, deflate, br, zstd",
      "Accept-Language: en-US,en;q=0.5",
      `Cookie: ${cookies(index)}`,
      "Dnt: 1",
      `Referer: https://${hostOf(index)}/library/movies`,
      "Sec-Fetch-Dest: empty",
      "Sec-Fetch-Mode: cors",
      "Sec-Fetch-Site: same-origin",
      "Te: trailers",
      "X-Forwarded-For: 203.0.113.7",
      `X-Forwarded-Host: ${hostOf(index)}`,
      "X-Forwarded-Method: GET",
      "X-Forwarded-Port: 443",
      "X-Forwarded-Proto: https",
      "X-Forwarded-Server: traefik",
      `X-Forwarded-Uri: /api/items/${String(index)}?limit=50&sort=name`,
      "X-Real-Ip: 203.0.113.7",
    ];
    return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  });
}

function cookies(seed: number): string {
  const value = `session=${Buffer.from(String(seed)).toString("hex")}; theme=dark; authelia_session=`;
  return value + "Zm9yd2FyZC1hdXRo".repeat(96).slice(0, COOKIE_BYTES - value.length);
}
