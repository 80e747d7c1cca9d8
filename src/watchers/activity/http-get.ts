import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

/** The most that is read of an answer. */
const MAX_BYTES = 65_536;

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * One GET without redirects; the body is cut at 64 KiB. Certificates are not judged: it is the target's own address.
 *
 * @throws what the connection throws; the signal's reason when it aborts.
 */
export function httpGet(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(
      url,
      {
        agent: false,
        signal,
        headers: { "user-agent": "Wakegate-look", accept: "*/*", connection: "close", ...headers },
        ...(url.protocol === "https:" && { rejectUnauthorized: false }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        const finish = (): void => {
          const body = Buffer.concat(chunks).subarray(0, MAX_BYTES).toString();
          resolve({ status: response.statusCode ?? 0, body });
        };
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes < MAX_BYTES) return;
          finish();
          response.destroy();
        });
        response.on("end", finish);
        response.on("error", reject);
      },
    );
    request.on("error", (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    request.end();
  });
}
