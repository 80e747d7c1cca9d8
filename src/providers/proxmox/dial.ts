import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import type { ProxmoxEngineSpec } from "../../config/model/engine.ts";
import { messageOf } from "../../errors.ts";
import { ProxmoxError } from "./errors.ts";

/** Where to connect to, and by what the server is known. */
export interface Destination {
  readonly engine: string;
  readonly host: string;
  readonly port: number;
  readonly trust: ProxmoxEngineSpec["trust"];
}

/** How long a connection may take to be made. */
const CONNECT_LIMIT_MS = 10_000;
/** pveproxy closes idle connections after 5 s; ours go before that. */
const IDLE_MS = 4_000;
/** A node has three workers, each strictly serial: more at once would only wait there. */
const PARALLEL = 4;

type Done = (error: Error | null, stream: Duplex) => void;

/**
 * Connections to one node. The server is checked before the first byte of a request, and so before any secret,
 * is sent: by the CA, or by the fingerprint of the certificate on the connected socket (Node would not call
 * `checkServerIdentity` where it does not verify).
 */
export class DialAgent extends Agent {
  readonly #to: Destination;

  /** `keep` false: a connection for each request, for those that must not meet one that is just being closed. */
  constructor(to: Destination, keep: boolean) {
    super(keep ? { keepAlive: true, maxSockets: PARALLEL, timeout: IDLE_MS } : { keepAlive: false });
    this.#to = to;
  }

  /** Returns nothing, so that the agent waits until `done` gets the checked connection. */
  override createConnection(_options: unknown, done: Done = () => undefined): undefined {
    // With an error, nobody looks at a stream.
    dial(this.#to, (error, socket) => done(error, socket as Duplex));
  }
}

function dial(
  { engine, host, port, trust }: Destination,
  done: (error: Error | null, socket?: Duplex) => void,
): void {
  const pin = trust && "fingerprint" in trust ? trust.fingerprint : undefined;
  let socket: TLSSocket;
  try {
    const ca = trust && "caFile" in trust ? readCa(engine, trust.caFile) : undefined;
    socket = connect({
      host,
      port,
      ...(isIP(host) === 0 && { servername: host }),
      ...(ca !== undefined && { ca }),
      rejectUnauthorized: pin === undefined,
      minVersion: "TLSv1.2",
    });
  } catch (error) {
    process.nextTick(done, error);
    return;
  }
  const fail = (error: Error): void => {
    socket.destroy();
    done(error);
  };
  const late = (): void => fail(Object.assign(new Error("connecting took too long"), { code: "ETIMEDOUT" }));
  socket.setTimeout(CONNECT_LIMIT_MS, late);
  socket.once("error", fail);
  socket.once("secureConnect", () => {
    socket.removeListener("error", fail);
    socket.setTimeout(0);
    socket.removeListener("timeout", late);
    const seen = socket.getPeerCertificate().fingerprint256;
    if (pin === undefined || seen === pin) done(null, socket);
    else fail(wrongPin(engine, `${host}:${String(port)}`, seen));
  });
}

function wrongPin(engine: string, where: string, seen: string | undefined): ProxmoxError {
  const message = `the certificate at ${where} has another fingerprint than configured (${seen ?? "none"}): if it was renewed, correct fingerprint, or give the cluster's root as ca_file; else somebody stands between`;
  return new ProxmoxError("engine_unreachable", engine, message);
}

/** Read anew for each connection, so that a renewed one is taken up. */
function readCa(engine: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const message = `its ca_file cannot be read: ${messageOf(error)}`;
    throw new ProxmoxError("engine_unreachable", engine, message, {}, { cause: error });
  }
}
