import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminRig, labelled, type AdminRig } from "../admin/admin-rig.ts";
import { complaintsOf } from "../e2e/support/console-watch.ts";
import { launchChromium, type Chromium } from "../support/chromium.ts";
import { suite } from "../support/require.ts";

/** Each would set `window.hacked` where it is taken for markup, an attribute's end, script or a URL. */
const ATTACKS = [
  `<script>window.hacked=1</script>`,
  `"><img src=x onerror="window.hacked=1">`,
  `' onmouseover='window.hacked=1' x='`,
  `</script><script>window.hacked=1</script>`,
  `<!--<script>`,
  `javascript:window.hacked=1`,
  `<svg/onload=window.hacked=1>`,
  `</title><base href="https://evil.example/">`,
  `<meta http-equiv=refresh content="0;url=https://evil.example/">`,
  `{{constructor.constructor("window.hacked=1")()}}<%= 1 %>\u2028`,
];
const ALL = ATTACKS.join(" ");

suite("chromium", "names, labels, logs and paths full of script", () => {
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await launchChromium();
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
  });

  const strange = (): Promise<AdminRig> =>
    adminRig({
      setUp: (world) => {
        ATTACKS.forEach((attack, n) => {
          world.create(`${attack}-${String(n)}`, {
            labels: labelled({
              "wakegate.name": `a${String(n)}`,
              "wakegate.display_name": attack,
              "wakegate.hosts": `a${String(n)}.example.com`,
              "wakegate.page.details": "true",
              "wakegate.page.logs": "true",
              "com.docker.compose.project": attack,
              "com.docker.compose.service": attack,
            }),
            behaviour: n % 2 === 0 ? { failStart: ALL } : { startMs: 1 },
          });
        });
        world.create(ALL, { labels: labelled({ "wakegate.name": "broken", [`wakegate.${ALL}`]: ALL }) });
      },
    });

  const untouched = async (page: Page): Promise<void> => {
    expect(await page.evaluate(() => (window as unknown as { hacked?: number }).hacked)).toBeUndefined();
    expect(await page.locator("base, img[src=x], svg[onload], meta[http-equiv=refresh i]").count()).toBe(0);
  };

  /** One request of a visitor, as the proxy describes it. */
  const visit = (rig: AdminRig, n: number): Promise<unknown> =>
    rig.get("/api/authz/forward-auth", {
      "x-forwarded-method": "GET",
      "x-forwarded-host": `a${String(n)}.example.com`,
      "x-forwarded-uri": `/${encodeURI(ATTACKS[n] ?? "")}?q=${encodeURIComponent(ALL)}`,
      "user-agent": ATTACKS.slice(0, 9).join(" "),
    });

  test("are text on every page of the dashboard, and its policy is not even asked", async () => {
    await using rig = await strange();
    await Promise.all(ATTACKS.map((_, n) => visit(rig, n)));
    await rig.call("/targets/a1/pin", { json: { reason: ALL } });
    await rig.call("/leases", { json: { target: "a3", reason: ALL } });
    const context = await chromium.context({ viewport: { width: 1280, height: 800 } });
    await rig.logIn(context);
    const complaints = complaintsOf(context);
    const page = await context.newPage();
    const search = encodeURIComponent(ALL);
    for (const path of [
      "/ui/",
      `/ui/?q=${search}&state=${search}&only=${search}&range=${search}`,
      "/ui/events",
    ]) {
      await page.goto(rig.url + path);
      await untouched(page);
    }
    for (const n of ATTACKS.keys()) {
      await page.goto(`${rig.url}/ui/target/a${String(n)}`);
      await untouched(page);
      expect(await page.locator("body").textContent()).toContain((ATTACKS[n] ?? "").slice(0, 12));
    }
    // And what comes by event into an open page.
    await page.goto(`${rig.url}/ui/`);
    rig.world.runs(`${ATTACKS[1] ?? ""}-1`);
    await rig.call("/targets/a5/wake", { json: {} });
    await rig.until("a5", "ready");
    await page.locator('tr[data-name="a5"] .s-awake').waitFor();
    await untouched(page);
    expect(complaints).toEqual([]);
  });

  test("are text on the loading page, its evidence included", async () => {
    await using rig = await strange();
    /** What a proxy does with a verdict that is no pass. */
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const n = Number(/^a(\d+)\./.exec(request.headers.host ?? "")?.[1] ?? 0);
      const { status, headers, body } = await rig.get("/api/authz/forward-auth", {
        "x-forwarded-method": request.method ?? "GET",
        "x-forwarded-host": `a${String(n)}.example.com`,
        "x-forwarded-uri": request.url ?? "/",
        accept: request.headers.accept ?? "*/*",
        "sec-fetch-mode": String(request.headers["sec-fetch-mode"]),
        "sec-fetch-dest": String(request.headers["sec-fetch-dest"]),
      });
      for (const name of ["content-type", "content-security-policy", "x-wakegate"]) {
        const value = headers[name];
        if (value !== undefined) response.setHeader(name, value);
      }
      response.statusCode = status;
      response.end(status === 200 ? "app" : body);
    };
    const proxy = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
    await new Promise((resolve) => proxy.once("listening", resolve));
    const { port } = proxy.address() as AddressInfo;
    const context = await chromium.context();
    const complaints = complaintsOf(context);
    const page = await context.newPage();
    for (const n of [0, 2, 4, 6, 8]) {
      const path = `/${encodeURI(ATTACKS[n] ?? "")}?return=${encodeURIComponent(ALL)}`;
      await page.goto(`http://a${String(n)}.localhost:${String(port)}${path}`);
      await rig.until(`a${String(n)}`, "error");
      await page.locator("body").waitFor();
      await untouched(page);
      expect(new URL(page.url()).host).toBe(`a${String(n)}.localhost:${String(port)}`);
    }
    expect(complaints).toEqual([]);
    await context.close();
    await new Promise((resolve) => proxy.close(resolve));
  });
});
