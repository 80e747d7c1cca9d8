import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Chromium } from "../../support/chromium.ts";
import { launchChromium } from "../../support/chromium.ts";
import { suite } from "../../support/require.ts";
import { progressOf } from "./fixtures.ts";
import { startSite } from "./site.ts";
import type { Site } from "./site.ts";

suite("chromium", "the page follows the wake", () => {
  let chromium: Chromium;
  let site: Site;
  const contexts: AsyncDisposable[] = [];

  beforeAll(async () => {
    chromium = await launchChromium();
  });
  afterAll(() => chromium[Symbol.asyncDispose]());
  beforeEach(async () => {
    site = await startSite((now) => progressOf("waking", now));
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  const arrive = async (
    options: BrowserContextOptions = {},
    before?: (page: Page) => Promise<void>,
  ): Promise<Page> => {
    const context = await chromium.context(options);
    contexts.push({ [Symbol.asyncDispose]: () => context.close() });
    const page = await context.newPage();
    await before?.(page);
    await page.goto(site.url);
    return page;
  };
  /** Waits for an expression inside the page; not by `waitForFunction`, whose eval the policy forbids. */
  const becomes = async (page: Page, expression: string, timeout = 5_000): Promise<void> => {
    await expect
      .poll(() => page.evaluate(expression).catch(() => false), { timeout, interval: 50 })
      .toBe(true);
  };
  const become = (name: string): void => {
    site.progress = (now) => progressOf(name, now);
    site.news();
  };
  const heading = (page: Page, text: string): Promise<unknown> =>
    page.getByRole("heading", { name: text, exact: true }).waitFor();

  test.each([false, true])("to the app, with a public route for events: %s", async (streams) => {
    site.streams = streams;
    const page = await arrive();
    await page.waitForTimeout(300);
    become("probing");
    await becomes(
      page,
      'document.querySelector("li.active .t")?.textContent === "Waiting for its first answer"',
    );
    expect(await page.locator("#say").textContent()).toBe(
      "The app has started. Waiting for its first answer.",
    );
    expect(await page.locator("#bar").getAttribute("aria-valuetext")).toMatch(
      /^7 seconds so far, usually 10 seconds$|^7/,
    );
    site.app = "open";
    become("ready");
    await becomes(page, 'document.title === "app"', 5_000);
    expect(site.asked.events).toBe(1);
    // Asked once for each piece of news, not in a tight loop.
    expect(site.asked.status).toBeLessThan(8);
  });

  test("the number counts down, the light never goes back", async () => {
    const page = await arrive();
    const place = (): Promise<number> =>
      page.evaluate('document.querySelector(".light").getBoundingClientRect().width / innerWidth');
    const slot = (): Promise<string> => page.evaluate('document.querySelector("#slot").textContent ?? ""');
    expect(await slot()).toMatch(/^about [56].s$/);
    await page.waitForTimeout(1_500);
    const before = await place();
    const number = await slot();
    site.progress = (now) => ({ ...progressOf("waking", now), elapsedMs: 5_500, etaMs: 60_000 });
    site.news();
    await page.waitForTimeout(400);
    expect(await place()).toBeGreaterThanOrEqual(before);
    expect(await slot()).toBe(number);
    site.progress = (now) => ({ ...progressOf("waking", now), elapsedMs: 9_000, etaMs: 10_000 });
    site.news();
    await page.waitForTimeout(400);
    expect(await place()).toBeGreaterThan(0.88);
    expect(await place()).toBeLessThan(0.98);
  });

  test("a proxy that never lets through: the guard stops after 3 reloads", async () => {
    site.app = "held back";
    site.progress = (now) => progressOf("ready", now);
    const page = await arrive();
    await heading(page, "paperless is awake, but this page came back");
    const pages = site.asked.page;
    expect(pages).toBe(4);
    await page.waitForTimeout(1_500);
    expect(site.asked.page).toBe(pages);
    site.app = "open";
    await page.getByText("Open it").click();
    await becomes(page, 'document.title === "app"');
  });

  test("awake but not reachable here is said after 5 s", async () => {
    site.progress = (now) => progressOf("ready", now);
    const page = await arrive();
    await heading(page, "paperless is awake, but not here yet");
    site.app = "open";
    await becomes(page, 'document.title === "app"', 6_000);
  });

  test("an app that answers 502 is not opened before 10 s", async () => {
    site.app = "bad";
    site.progress = (now) => progressOf("ready", now);
    const page = await arrive();
    await page.waitForTimeout(7_000);
    expect(site.asked.page).toBe(1);
    await becomes(page, "performance.now() < 4000", 8_000);
    expect(site.asked.page).toBeGreaterThan(1);
  });

  test("connection lost is said, and mends itself", async () => {
    const page = await arrive();
    await page.waitForTimeout(300);
    await page.context().setOffline(true);
    await becomes(page, 'document.querySelector("#note")?.textContent !== ""', 12_000);
    expect(await page.locator("#note").textContent()).toBe("Connection lost, trying again");
    expect(await page.locator("#cap").textContent()).toMatch(/as of \d\d:\d\d:\d\d$/);
    const frozen = await page.locator("#slot").textContent();
    await page.waitForTimeout(1_500);
    expect(await page.locator("#slot").textContent()).toBe(frozen);
    site.progress = (now) => progressOf("probing", now);
    await page.context().setOffline(false);
    await becomes(page, 'document.querySelector("#note")?.textContent === ""');
    await becomes(
      page,
      'document.querySelector("li.active .t")?.textContent === "Waiting for its first answer"',
    );
  });

  test("an answer that is not ours is not believed", async () => {
    const page = await arrive({}, async (page) => {
      await page.route("**/.wakegate/status**", (route) =>
        route.fulfill({ status: 404, contentType: "text/html", body: "<p>no" }),
      );
    });
    await becomes(page, 'document.querySelector("#note")?.textContent !== ""', 12_000);
    expect(await page.locator("h1").textContent()).toBe("paperless is waking up");
  });

  test("try now posts once and says so", async () => {
    site.progress = (now) => progressOf("failed", now);
    const page = await arrive();
    await page.route("**/.wakegate/retry**", async (route) => {
      site.asked.retry += 1;
      await new Promise((resolve) => setTimeout(resolve, 500));
      site.progress = (now) => progressOf("waking", now);
      await route.fulfill({ status: 503, body: "{}" });
    });
    const button = page.locator("#act button");
    await button.focus();
    await button.press("Enter");
    await button.press("Enter");
    expect(await button.textContent()).toBe("Trying");
    expect(await button.getAttribute("aria-disabled")).toBe("true");
    await heading(page, "paperless is waking up");
    expect(site.asked.retry).toBe(1);
    expect(await page.evaluate("document.activeElement?.tagName")).toBe("H1");
  });

  test("at the end of a cool-down the page asks for its own address once", async () => {
    site.progress = (now) => {
      const failed = progressOf("failed", now);
      return { ...failed, failure: { ...failed.failure!, nextTryAt: now + 600 } };
    };
    const page = await arrive();
    await page.waitForTimeout(2_000);
    expect(site.asked.own).toBe(1);
    expect(await page.locator("h1").textContent()).toBe("paperless failed to wake");
  });

  test("a sleeping app opens when someone else wakes it, asked seldom and never woken", async () => {
    site.progress = (now) => progressOf("rule", now);
    const page = await arrive();
    await page.waitForTimeout(2_500);
    // The status knows nothing of this visitor's rule.
    site.progress = (now) => {
      const { mayNotWake: _mayNotWake, ...asleep } = progressOf("rule", now);
      return asleep;
    };
    site.news();
    await page.waitForTimeout(1_000);
    expect(await page.locator("h1").textContent()).toBe("paperless is asleep");
    expect(site.asked.own).toBe(0);
    expect(site.asked.status).toBeLessThanOrEqual(3);
    site.app = "open";
    become("ready");
    await becomes(page, 'document.title === "app"', 12_000);
  });

  test("without script it arrives", async () => {
    const page = await arrive({ javaScriptEnabled: false });
    expect(await page.locator("h1").textContent()).toBe("paperless is waking up");
    const text = await page.locator("body").innerText();
    expect(text).toContain("This page looks again every 6 s");
    expect(text).toMatch(/usually\s+10\ss/);
    expect(text).not.toMatch(/so far|about|^\d+.s$/m);
    await page.screenshot({ path: "test/.artifacts/page/noscript-1280.png" });
    site.app = "open";
    await page.locator("noscript .btn").click();
    expect(await page.title()).toBe("app");
  });

  test("without script it looks again by itself", async () => {
    site.progress = (now) => progressOf("almost", now);
    const page = await arrive({ javaScriptEnabled: false });
    site.app = "open";
    await page.getByRole("heading", { name: "the app" }).waitFor({ timeout: 30_000 });
  });

  test("without script a try is a form", async () => {
    site.progress = (now) => progressOf("failed", now);
    const page = await arrive({ javaScriptEnabled: false });
    site.app = "open";
    await page.getByText("Try now").click();
    await page.getByRole("heading", { name: "the app" }).waitFor();
    expect(site.asked.retry).toBe(1);
  });

  test("with reduced motion the light jumps every 5 s", async () => {
    site.progress = (now) => ({ ...progressOf("waking", now), etaMs: 100_000 });
    const page = await arrive({ reducedMotion: "reduce" });
    const place = (): Promise<number> =>
      page.evaluate('document.querySelector(".light").getBoundingClientRect().width / innerWidth');
    const first = await place();
    expect(first).toBeGreaterThan(0.03);
    await page.waitForTimeout(1_500);
    expect(await place()).toBe(first);
    await page.waitForTimeout(4_500);
    expect(await place()).toBeGreaterThan(first + 0.03);
  });

  test("a page of a host that nobody has asks for nothing, and looks again when it is told to", async () => {
    site.input = { still: { heading: "pr-3 was merged or closed" } };
    site.progress = (now) => progressOf("nobody", now);
    const page = await arrive();
    await heading(page, "pr-3 was merged or closed");
    await page.waitForLoadState("networkidle");
    expect(site.asked).toMatchObject({ status: 0, events: 0, page: 1, own: 0 });
    site.app = "open";
    await page.getByRole("link", { name: "Look again" }).click();
    await heading(page, "the app");
  });
});
