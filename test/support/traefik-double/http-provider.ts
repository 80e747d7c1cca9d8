import { createHash } from "node:crypto";
import { request } from "node:http";
import type { DynamicConfig } from "./dynamic-config.ts";
import type { Resolve } from "./names.ts";
import type { Major, StaticConfig } from "./static-config.ts";
import { readDocument } from "./strict-document.ts";

/** How the provider is set. */
type HttpSettings = NonNullable<StaticConfig["http"]> & { readonly major: Major };

/** Asks again and again until disposed; the same bytes are no news, a bad answer keeps what was there. */
export function followHttp(
  config: HttpSettings,
  resolve: Resolve,
  told: (config: DynamicConfig) => void,
  log: (line: string) => void,
): Disposable {
  let last = "";
  let timer: NodeJS.Timeout | undefined;
  let retryMs = 500;
  let over = false;
  const ask = async (): Promise<void> => {
    try {
      const text = await fetchText(config, resolve);
      const hash = createHash("sha256").update(text).digest("hex");
      if (hash !== last) {
        // Remembered before it is read: a bad document is not tried again until it changes.
        last = hash;
        told(readDocument(text, config.major));
      }
      retryMs = 500;
      if (!over) timer = setTimeout(() => void ask(), config.pollMs);
    } catch (error) {
      log(`provider http: ${String(error)}`);
      if (!over) timer = setTimeout(() => void ask(), retryMs);
      retryMs = Math.min(retryMs * 1.5, 60_000);
    }
  };
  void ask();
  return {
    [Symbol.dispose]() {
      over = true;
      clearTimeout(timer);
    },
  };
}

async function fetchText(
  { endpoint, headers }: NonNullable<StaticConfig["http"]>,
  resolve: Resolve,
): Promise<string> {
  const url = new URL(endpoint);
  const { host, port } = await resolve(url.hostname, Number(url.port || 80));
  return await new Promise((resolveText, reject) => {
    const call = request(
      {
        host,
        port,
        path: url.pathname,
        headers: { ...headers, host: url.host },
        agent: false,
        timeout: 5000,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () =>
          response.statusCode === 200
            ? resolveText(text)
            : reject(new Error(`received non-ok response code: ${String(response.statusCode)}`)),
        );
      },
    );
    call.on("timeout", () => call.destroy(new Error("timeout")));
    call.on("error", reject);
    call.end();
  });
}
