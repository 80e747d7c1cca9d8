import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { messageOf } from "../errors.ts";

/** Where a probe asks. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** One answer, or why there was none. */
export type ProbeResult =
  { readonly kind: "answer"; readonly status: number } | { readonly kind: "silent"; readonly error: string };

export interface HttpProbe {
  readonly scheme: "http" | "https";
  readonly path: string;
  /** Host header; `fetch` would replace it silently, `node:http` sends it. */
  readonly host: string;
}

/**
 * One GET: redirects are not followed, the body is not read, certificates are not judged (the question is
 * whether the app answers, not who it is). Never rejects; an aborted signal gives "silent".
 */
export function probeHttp(address: HostAndPort, probe: HttpProbe, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const send = probe.scheme === "https" ? httpsRequest : httpRequest;
    const silent = (error: unknown): void => resolve({ kind: "silent", error: messageOf(error) });
    try {
      const request = send(
        {
          host: address.host,
          port: address.port,
          path: probe.path,
          method: "GET",
          agent: false,
          signal,
          headers: {
            host: probe.host,
            "user-agent": "Wakegate-readiness",
            accept: "*/*",
            connection: "close",
          },
          ...(probe.scheme === "https" && { rejectUnauthorized: false, servername: sni(probe.host) }),
        },
        (response) => {
          resolve({ kind: "answer", status: response.statusCode ?? 0 });
          response.destroy();
        },
      );
      request.on("error", silent);
      request.on("upgrade", (_response, socket) => {
        resolve({ kind: "answer", status: 101 });
        socket.destroy();
      });
      request.end();
    } catch (error) {
      silent(error);
    }
  });
}

/** TLS forbids addresses as server names. */
function sni(host: string): string {
  const name = host.replace(/:\d+$/, "");
  return /^[\d.]+$/.test(name) || name.includes(":") ? "" : name;
}
