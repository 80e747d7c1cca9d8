import { request as httpRequest, type ClientRequestArgs } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
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
  /** Sent before everything else, TLS included: the PROXY header of targets that require one. */
  readonly preface?: Uint8Array;
}

/**
 * One GET: redirects are not followed, the body is not read, certificates are not judged (the question is
 * whether the app answers, not who it is). Never rejects; an aborted signal gives "silent".
 */
export function probeHttp(address: HostAndPort, probe: HttpProbe, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const { preface } = probe;
    const send = probe.scheme === "https" ? httpsRequest : httpRequest;
    const silent = (error: unknown): void => resolve({ kind: "silent", error: messageOf(error) });
    try {
      const request = send(
        {
          host: address.host,
          port: address.port,
          path: probe.path,
          method: "GET",
          // An agent would make the connection itself.
          ...(preface
            ? { createConnection: (to) => connectWith(preface, to, probe.scheme) }
            : { agent: false }),
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

/** Node's own way of connecting, with bytes sent first. */
function connectWith(preface: Uint8Array, to: ClientRequestArgs, scheme: HttpProbe["scheme"]): Socket {
  const socket = connect({ host: to.host ?? "", port: Number(to.port) });
  socket.write(preface);
  // The options of the request are those of the TLS connection, too.
  return scheme === "https" ? connectTls({ ...(to as ConnectionOptions), socket }) : socket;
}

/** TLS forbids addresses as server names. */
function sni(host: string): string {
  const name = host.replace(/:\d+$/, "");
  return /^[\d.]+$/.test(name) || name.includes(":") ? "" : name;
}
