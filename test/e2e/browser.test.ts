import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Upstreams } from "../support/proxy-process.ts";
import { launchChromium, type Chromium } from "../support/chromium.ts";
import { suite } from "../support/require.ts";
import { complaintsOf } from "./support/console-watch.ts";
import {
  makeApp,
  proxyNames,
  putBefore,
  stageOfFile,
  untilAsleep,
  type App,
  type AppOptions,
  type Front,
  type ProxyName,
  type Stage,
} from "./support/stage.ts";

const stage = stageOfFile();
const ARRIVES_MS = 60_000;

/** A small app that installs itself: network first, what it has kept when there is no network. */
const PWA = {
  "/": [
    "text/html",
    `<!doctype html><title>notes</title><h1 id="app">notes</h1>
     <script>navigator.serviceWorker.register("/worker.js")</script>`,
  ],
  "/worker.js": [
    "text/javascript",
    `addEventListener("install", () => skipWaiting());
     addEventListener("activate", (event) => event.waitUntil(clients.claim()));
     addEventListener("fetch", (event) => {
       event.respondWith((async () => {
         try {
           const answer = await fetch(event.request);
           if (answer.ok && event.request.method === "GET") {
             const kept = await caches.open("kept");
             await kept.put(event.request, answer.clone());
           }
           return answer;
         } catch (error) {
           return (await caches.match(event.request)) ?? Response.error();
         }
       })());
     });`,
  ],
};

const FORM = {
  "/": [
    "text/html",
    `<!doctype html><title>guestbook</title>
     <form method="post" action="/comment"><input name="text"><button>Send</button></form>`,
  ],
};

for (const proxy of proxyNames) {
  suite(["docker", "chromium", proxy], `Chromium at an app behind ${proxy}`, () => {
    let chromium: Chromium;

    beforeAll(async () => {
      chromium = await launchChromium();
    });
    afterAll(async () => {
      await chromium[Symbol.asyncDispose]();
    });

    interface Visit extends AsyncDisposable {
      readonly stage: Stage;
      readonly app: App;
      readonly front: Front;
      readonly page: Page;
      readonly complaints: readonly string[];
      /** Every answer that the browser got. */
      readonly asked: readonly { readonly path: string; readonly status: number }[];
      /** Statuses of the documents that it opened. */
      readonly opened: readonly number[];
    }

    async function visit(
      name: string,
      app: AppOptions = {},
      more: { upstreams?: Partial<Upstreams>; context?: BrowserContextOptions } = {},
    ): Promise<Visit> {
      const s = await stage();
      const made = await makeApp(s, `${name}-${proxy satisfies ProxyName}`, app);
      const front = await putBefore(proxy, s, made, more.upstreams);
      const context = await chromium.context(more.context);
      const asked: { path: string; status: number }[] = [];
      const opened: number[] = [];
      context.on("response", (response) => {
        asked.push({ path: new URL(response.url()).pathname, status: response.status() });
        if (response.request().isNavigationRequest()) opened.push(response.status());
      });
      return {
        stage: s,
        app: made,
        front,
        page: await context.newPage(),
        complaints: complaintsOf(context),
        asked,
        opened,
        async [Symbol.asyncDispose]() {
          await context.close();
          await front[Symbol.asyncDispose]();
          await made[Symbol.asyncDispose]();
        },
      };
    }

    const arrives = (page: Page): Promise<void> => page.locator("#app").waitFor({ timeout: ARRIVES_MS });
    /** The container runs by now: the page has moved on since it was drawn, or was drawn late. */
    const probing = (page: Page): Promise<void> =>
      page.locator("li.active", { hasText: "Waiting for its first answer" }).waitFor();
    const wakes = (page: Page, { name }: App): Promise<void> =>
      page.getByRole("heading", { name: `${name} is waking up`, exact: true }).waitFor();

    it("shows the loading page, follows its events and ends on the app by itself", async () => {
      await using v = await visit("events", { env: { BOOT_MS: "2500" } });
      const answer = await v.page.goto(v.front.url("/page?x=1#part"));
      expect(answer?.status()).toBe(503);
      expect(answer?.headers()).toMatchObject({ "x-wakegate": expect.any(String) as string });
      await wakes(v.page, v.app);
      await probing(v.page);
      await arrives(v.page);
      expect(v.page.url()).toBe(v.front.url("/page?x=1#part"));
      expect(v.opened).toEqual([503, 200]);
      expect(v.asked).toContainEqual({ path: "/.wakegate/events", status: 200 });
      expect(v.complaints).toEqual([]);
    });

    it("needs no route of its own: the page asks through the app's host", async () => {
      await using v = await visit(
        "polls",
        { env: { BOOT_MS: "2500" } },
        { upstreams: { withoutEvents: true } },
      );
      const answer = await v.page.goto(v.front.url("/page"));
      expect(answer?.status()).toBe(503);
      await wakes(v.page, v.app);
      await probing(v.page);
      await arrives(v.page);
      const own = v.asked.filter(({ path }) => path.startsWith("/.wakegate/"));
      expect(own).toContainEqual({ path: "/.wakegate/status", status: 503 });
      // A 200 would mean that the app was asked.
      expect(own.filter(({ status }) => status !== 503)).toEqual([]);
      expect(v.opened).toEqual([503, 200]);
      expect(v.complaints).toEqual([]);
    });

    it("arrives without script too", async () => {
      await using v = await visit("plain", {}, { context: { javaScriptEnabled: false } });
      const answer = await v.page.goto(v.front.url("/page"));
      expect(answer?.status()).toBe(503);
      await wakes(v.page, v.app);
      await arrives(v.page);
      expect(v.complaints).toEqual([]);
    });

    it("comes while the app goes down: sees that, then the wake, then the app", async () => {
      await using v = await visit("down", {
        is: "ready",
        labels: { idle_timeout: "1s" },
        env: { ON_TERM: "slow:4000", BOOT_MS: "1500" },
      });
      await v.stage.wakegate.until("sleep_started", v.app.name);
      const answer = await v.page.goto(v.front.url("/page"));
      expect(answer?.status()).toBe(503);
      expect(answer?.headers()["x-wakegate"]).toBe("stopping");
      await probing(v.page);
      await arrives(v.page);
      expect(v.opened).toEqual([503, 200]);
      expect(v.complaints).toEqual([]);
    });

    it("is told when the app dies, and arrives when it comes up at last", async () => {
      const once = "/tmp/died-once";
      const env = { EXIT_MS: "200", EXIT_ONCE: once, BOOT_MS: "500" };
      await using v = await visit("dies", { env });
      await v.page.goto(v.front.url("/page"));
      await v.page.getByRole("heading", { name: `${v.app.name} failed to wake` }).waitFor();
      // The cool-down of the first failure is short; nobody presses anything.
      await arrives(v.page);
      expect(v.complaints).toEqual([]);
    });

    it("opens an installed app with a service worker after a sleep", async () => {
      await using v = await visit("worker", {
        is: "ready",
        labels: { foreign_stop_grace: "0s" },
        env: { BOOT_MS: "2000", FILES: JSON.stringify(PWA) },
      });
      await v.page.goto(v.front.url());
      await expect
        .poll(() => v.page.evaluate("navigator.serviceWorker.controller?.state"), { timeout: ARRIVES_MS })
        .toBe("activated");
      await v.page.reload();
      expect(await v.page.evaluate("caches.match('/').then((kept) => kept.text())")).toContain("notes");
      await v.stage.docker.stop(v.app.name);
      await untilAsleep(v.stage, v.app.name, "stopped");

      const answer = await v.page.reload();
      expect(answer?.status()).toBe(503);
      expect(answer?.fromServiceWorker()).toBe(true);
      await wakes(v.page, v.app);
      await arrives(v.page);
      expect(v.opened).toEqual([200, 200, 503, 200]);
      expect(await v.page.title()).toBe("notes");
      // Our page was never kept in the app's place.
      expect(await v.page.evaluate("caches.match('/').then((kept) => kept.text())")).toContain("notes");
      expect(v.complaints).toEqual([]);
    });

    it("sends a form to a sleeping app and gets the app's answer", async () => {
      await using v = await visit("book", {
        is: "ready",
        labels: { foreign_stop_grace: "0s" },
        env: { BOOT_MS: "1500", FILES: JSON.stringify(FORM) },
      });
      await v.page.goto(v.front.url());
      await v.page.locator("input").fill("hello there");
      await v.stage.docker.stop(v.app.name);
      await untilAsleep(v.stage, v.app.name, "stopped");
      const [answer] = await Promise.all([
        v.page.waitForResponse((response) => response.request().method() === "POST", { timeout: ARRIVES_MS }),
        v.page.locator("button").click(),
      ]);
      expect(answer.status()).toBe(200);
      expect(await answer.json()).toMatchObject({
        app: v.app.name,
        method: "POST",
        url: "/comment",
        bytes: 16,
      });
      expect(v.complaints).toEqual([]);
    });
  });
}
