/** Address and port of one end. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A PROXY protocol header that was read. */
export interface ProxyHeader {
  /** Bytes that it takes. */
  readonly length: number;
  /** Unset for LOCAL and UNKNOWN: the proxy speaks for itself (a health check). */
  readonly source?: Endpoint;
  readonly destination?: Endpoint;
}

/** What was sent is no PROXY protocol header. */
export class ProxyHeaderError extends Error {
  override readonly name = "ProxyHeaderError";
}
