import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { onAbort } from "./signals.ts";
import { silence, type HostAndPort, type ProbeResult } from "./probe-result.ts";

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
 *
 * Nearly all probes of a boot end in a refused connection, so a request is made only once there is one: that halves
 * what these cost.
 */
export function probeHttp(address: HostAndPort, probe: HttpProbe, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const silent = (error: unknown): void => resolve(silence(error));
    if (signal.aborted) return silent(signal.reason);
    try {
      const socket = connect({ host: address.host, port: address.port, noDelay: true });
      const aborting = onAbort(signal, (reason) => socket.destroy(reason as Error));
      socket.on("error", silent);
      socket.once("close", () => aborting[Symbol.dispose]());
      socket.once("connect", () => {
        try {
          ask(socket, probe, resolve);
        } catch (error) {
          silent(error);
          socket.destroy();
        }
      });
    } catch (error) {
      silent(error);
    }
  });
}

/** Whatever ends the socket, its own signal included, ends the request with an error. */
function ask(socket: Socket, probe: HttpProbe, resolve: (result: ProbeResult) => void): void {
  const { scheme, host, path, preface } = probe;
  if (preface) socket.write(preface);
  const request = httpRequest({
    path,
    method: "GET",
    createConnection: () =>
      scheme === "https" ? connectTls({ socket, rejectUnauthorized: false, servername: sni(host) }) : socket,
    headers: { host, "user-agent": "Wakegate-readiness", accept: "*/*", connection: "close" },
  });
  const answered = (status: number, used: { destroy(): unknown }): void => {
    resolve({ kind: "answer", status });
    used.destroy();
  };
  request.on("response", (response) => answered(response.statusCode ?? 0, response));
  request.on("upgrade", (_response, upgraded) => answered(101, upgraded));
  request.on("error", (error) => {
    resolve(silence(error));
    socket.destroy();
  });
  request.end();
}

/** TLS forbids addresses as server names. */
function sni(host: string): string {
  const name = host.replace(/:\d+$/, "");
  return /^[\d.]+$/.test(name) || name.includes(":") ? "" : name;
}
