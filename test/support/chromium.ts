import { chromium } from "playwright-core";
import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { findBinary } from "./require.ts";

/** A real browser that ends with its scope. */
export interface Chromium extends AsyncDisposable {
  readonly browser: Browser;
  /** A profile of its own, closed with the browser. */
  context(options?: BrowserContextOptions): Promise<BrowserContext>;
}

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts the Chromium found on PATH. `quic`: HTTP/3 from the first request on, for this `host:port` on loopback, whose
 * certificate has this key (SHA-256 of its SPKI, in base64).
 *
 * @throws Error when there is none, or when it does not start within 30 s.
 */
export async function launchChromium(quic?: { authority: string; key: string }): Promise<Chromium> {
  const executablePath = findBinary("chromium");
  if (executablePath === undefined) throw new Error("chromium is not installed");
  const args = quic
    ? [
        ...FLAGS.filter((flag) => flag !== "--disable-quic"),
        "--enable-quic",
        `--origin-to-force-quic-on=${quic.authority}`,
        `--ignore-certificate-errors-spki-list=${quic.key}`,
        `--host-resolver-rules=MAP ${quic.authority.replace(/:\d+$/, "")} 127.0.0.1`,
      ]
    : FLAGS;
  const browser = await chromium.launch({ executablePath, args, timeout: 30_000 });
  return {
    browser,
    context: (options) => browser.newContext(options),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
