import { request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock } from "./clock.ts";
import { openSocket } from "./open-socket.ts";
import { silence, type HostAndPort, type ProbeResult } from "./probe-result.ts";

export interface HttpProbe {
  readonly scheme: "http" | "https";
  readonly path: string;
  readonly clock: Clock;
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
export async function probeHttp(
  address: HostAndPort,
  probe: HttpProbe,
  signal: AbortSignal,
): Promise<ProbeResult> {
  let socket: Socket | undefined;
  try {
    socket = await openSocket(address, probe.clock, signal);
    return await ask(socket, probe);
  } catch (error) {
    socket?.destroy();
    return silence(error);
  }
}

/** Whatever ends the socket, its own signal included, ends the request with an error. */
function ask(socket: Socket, probe: HttpProbe): Promise<ProbeResult> {
  const { scheme, host, path, preface } = probe;
  return new Promise((resolve) => {
    if (preface) socket.write(preface);
    const request = httpRequest({
      path,
      method: "GET",
      createConnection: () =>
        scheme === "https"
          ? connectTls({ socket, rejectUnauthorized: false, servername: sni(host) })
          : socket,
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
  });
}

/** TLS forbids addresses as server names. */
function sni(host: string): string {
  const name = host.replace(/:\d+$/, "");
  return /^[\d.]+$/.test(name) || name.includes(":") ? "" : name;
}
