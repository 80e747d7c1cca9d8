/**
 * Draws every state of the loading page with a real Chromium into test/.artifacts/page/, to be looked at.
 * `npx tsx scripts/page-gallery.ts [state …]`
 */
import { mkdir } from "node:fs/promises";
import { createPageRenderer } from "../src/forward-auth/page/render.ts";
import { samples } from "../src/forward-auth/page/samples.ts";
import { launchChromium } from "../test/support/chromium.ts";

const FOLDER = "test/.artifacts/page";
const SIZES = [
  [1280, 800],
  [390, 844],
  [320, 640],
] as const;

const wanted = process.argv.slice(2);
const font = process.env["PAGE_FONT"];
const renderer = createPageRenderer();
await mkdir(FOLDER, { recursive: true });
const chromium = await launchChromium();
for (const scheme of ["light", "dark"] as const) {
  for (const [width, height] of SIZES) {
    const context = await chromium.context({ colorScheme: scheme, viewport: { width, height } });
    const page = await context.newPage();
    await page.route("**/.wakegate/**", (route) => route.fulfill({ status: 503, body: "" }));
    for (const sample of samples(Date.now())) {
      if (wanted.length > 0 && !wanted.includes(sample.name)) continue;
      await page.route("http://page.test/", (route) => {
        if (route.request().method() !== "GET")
          return route.fulfill({ status: 200, headers: { "x-wakegate": "ready" } });
        const now = Date.now();
        const fresh = samples(now).find(({ name }) => name === sample.name) ?? sample;
        const { html, csp } = renderer.render({
          progress: fresh.progress,
          options: { details: true, logs: true, footer: true },
          nonce: "Z2FsbGVyeQ==",
          token: "token",
          url: "/",
          now,
          ...sample.more,
        });
        return route.fulfill({
          status: 503,
          contentType: "text/html; charset=utf-8",
          headers: { "content-security-policy": csp },
          // A stand-in for the system font where there is none.
          body: font === undefined ? html : html.replaceAll("system-ui", font),
        });
      });
      await page.goto("http://page.test/");
      await page.waitForTimeout(350);
      await page.screenshot({ path: `${FOLDER}/${sample.name}-${String(width)}-${scheme}.png` });
      await page.unroute("http://page.test/");
    }
    await context.close();
  }
}
await chromium[Symbol.asyncDispose]();
