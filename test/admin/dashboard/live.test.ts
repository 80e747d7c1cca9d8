import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium, type Chromium } from "../../support/chromium.ts";
import { suite } from "../../support/require.ts";
import { adminRig, labelled, type AdminRig } from "../admin-rig.ts";

const TOKEN = "a-token-long-enough";

suite("chromium", "the dashboard in use", () => {
  let chromium: Chromium;

  beforeAll(async () => {
    chromium = await launchChromium();
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
  });

  const open = async (
    rig: AdminRig,
    path: string,
    { locked = false } = {},
  ): Promise<{ page: Page; complaints: string[] }> => {
    const context = await chromium.context({ viewport: { width: 1280, height: 800 } });
    if (!locked) await rig.logIn(context);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", ({ message }) => {
      // Chromium's own word for a page that was shown before its transition was ready: on a busy machine, no fault.
      if (!message.startsWith("Transition was aborted")) complaints.push(message);
    });
    page.on("console", (message) => {
      // Refusals are answers; the browser reports them as errors all the same.
      if (message.type() === "error" && !/status of (401|409)/.test(message.text()))
        complaints.push(message.text());
    });
    await page.goto(rig.url + path);
    return { page, complaints };
  };
  const two = (): Promise<AdminRig> =>
    adminRig({
      setUp: (world) => {
        world.create("blog", { labels: labelled(), behaviour: { startMs: 300 } });
        world.create("db", { labels: labelled() });
      },
    });

  test("wakes by a press, follows by itself, and puts to sleep", async () => {
    await using rig = await two();
    const { page, complaints } = await open(rig, "/ui/");
    const row = page.locator('tr[data-name="blog"]');
    await row.getByRole("button", { name: "Wake blog" }).click();
    await row.locator(".s-awake").waitFor({ timeout: 30_000 });
    expect(await row.locator(".c-why .fact").textContent()).toMatch(/In use just now|Idle for/);
    expect(await page.locator(".sum .now b").textContent()).toBe("1");
    await row.getByRole("button", { name: "Sleep blog" }).click();
    await row.locator(".s-asleep").waitFor({ timeout: 30_000 });
    // Woken by somebody else: nobody pressed anything here.
    await rig.call("/targets/db/wake", { json: {} });
    await page.locator('tr[data-name="db"] .s-awake').waitFor({ timeout: 30_000 });
    expect(complaints).toEqual([]);
  });

  test("asks before it cuts what is in use", async () => {
    await using rig = await two();
    await rig.call("/targets/blog/wake", { json: {} });
    await rig.until("blog", "ready");
    using _ = rig.service.registry.watcher("blog")?.lease("held request") ?? { [Symbol.dispose]: () => {} };
    const { page, complaints } = await open(rig, "/ui/target/blog");
    await page.getByRole("button", { name: "Sleep now blog" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    expect(await dialog.textContent()).toContain("held request");
    await dialog.getByRole("button", { name: "Keep awake" }).click();
    expect(rig.service.registry.watcher("blog")?.state.kind).toBe("ready");
    await page.getByRole("button", { name: "Sleep now blog" }).click();
    await dialog.getByRole("button", { name: "Sleep anyway" }).click();
    await rig.until("blog", "napping");
    await page.getByText("Asleep, stopped in").waitFor();
    expect(complaints).toEqual([]);
  });

  test("pins by keyboard, finds by /, goes through the rows by arrows", async () => {
    await using rig = await two();
    const { page, complaints } = await open(rig, "/ui/");
    await page.getByRole("button", { name: "Keep blog awake" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menu").waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await rig.until("blog", "ready");
    await page.locator('tr[data-name="blog"] [aria-pressed=true]').waitFor();
    const until = rig.service.registry.watcher("blog")?.orders.pinned?.until ?? 0;
    expect(Math.round((until - Date.now()) / 60_000)).toBe(120);
    await page.keyboard.press("Escape");
    await page.locator("h1").focus();
    await page.locator("body").press("/");
    await page.keyboard.type("db");
    const rows = (): Promise<number> => page.locator("#rows tr:visible").count();
    await expect.poll(rows).toBe(1);
    await page.keyboard.press("Escape");
    await expect.poll(rows).toBe(2);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/ui\/target\/db$/);
    expect(complaints).toEqual([]);
  });

  test("is locked until the token was given, and remembers", async () => {
    await using rig = await adminRig({ env: { WAKEGATE_API_TOKEN: TOKEN } });
    const { page, complaints } = await open(rig, "/ui/", { locked: true });
    expect(await page.locator("h1").textContent()).toBe("This dashboard is locked");
    await page.getByLabel("Admin token").fill("wrong-token-of-some-length");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByText("That token is not valid.").waitFor();
    await page.getByLabel("Admin token").fill(TOKEN);
    await page.getByRole("button", { name: "Open" }).click();
    await page.locator('tr[data-name="blog"]').waitFor();
    await page.locator('tr[data-name="blog"]').getByRole("button", { name: "Wake blog" }).click();
    await rig.until("blog", "ready");
    const [cookie] = (await page.context().cookies()).filter(({ name }) => name === "wakegate");
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict" });
    expect(cookie?.value).not.toContain(TOKEN);
    expect(complaints).toEqual([]);
  });

  test("says when the connection is lost", async () => {
    const rig = await two();
    const { page } = await open(rig, "/ui/");
    await page.waitForTimeout(500);
    expect(await page.locator("#live").textContent()).toContain("Live");
    await rig[Symbol.asyncDispose]();
    await page.locator("#live.lost").waitFor({ timeout: 30_000 });
    await page.getByText(/No news since \d/).waitFor({ timeout: 20_000 });
  });

  test("examines once more at a press, and says what there is to do", async () => {
    await using rig = await two();
    const { page, complaints } = await open(rig, "/ui/doctor");
    const labelsRow = page.locator(".checks li", { has: page.getByRole("heading", { name: "Labels" }) });
    await expect.poll(() => labelsRow.getAttribute("class")).toBe("l-ok");
    const button = page.locator("#examine button");
    expect(await button.textContent()).toBe("Run again");

    rig.world.create("wiki", { labels: { "wakegate.enable": "true", "wakegate.idle_timeuot": "1h" } });
    await expect.poll(() => rig.log.of("target_disabled")).toHaveLength(1);
    await button.click();
    await page.locator(".checks .l-problem", { hasText: "idle_timeuot" }).waitFor({ timeout: 20_000 });
    await expect.poll(() => page.locator("#say").textContent()).toMatch(/^\d+ things? to fix\.$/);
    expect(await page.locator(".num b").textContent()).toMatch(/to fix$/);
    expect([await button.textContent(), await button.getAttribute("aria-disabled")]).toEqual([
      "Run again",
      null,
    ]);

    // Where nobody listens there is no proxy: that is said too, and the field keeps what was typed.
    await page.locator("#proxy").fill("not an address");
    await page.locator("#proxy").press("Enter");
    const wrong = page.locator(".more.wrong");
    await expect.poll(() => wrong.textContent()).toMatch(/^Not done: /);
    expect(await page.locator("#proxy").inputValue()).toBe("not an address");
    expect(complaints.filter((line) => !line.includes("status of 400"))).toEqual([]);
  });

  test("has nothing to show but how to begin, while there are no targets", async () => {
    await using rig = await adminRig({ setUp: (world) => void world.create("plain") });
    const { page, complaints } = await open(rig, "/ui/");
    expect(await page.locator("h1").textContent()).toBe("Nothing to wake yet");
    expect(await page.locator(".ev").textContent()).toContain("connected, 1 container");
    rig.world.create("blog", { labels: labelled() });
    await page.locator('tr[data-name="blog"]').waitFor({ timeout: 25_000 });
    expect(complaints).toEqual([]);
  });
});
