import { mkdir } from "node:fs/promises";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alike } from "../../forward-auth/page/in-page.js";
import { faint, overflowing } from "../../forward-auth/page/look.ts";
import { launchChromium, type Chromium } from "../../support/chromium.ts";
import { suite } from "../../support/require.ts";
import { startGallery, type Gallery } from "./gallery.ts";

const FOLDER = "test/.artifacts/dashboard";
const SIZES = [
  { width: 1280, height: 800 },
  { width: 1000, height: 800 },
  { width: 390, height: 844 },
  { width: 320, height: 640 },
];
const DARK_SIZES = SIZES.filter(({ width }) => width === 1280 || width === 390);
const PAGES = [
  ["list", "/ui/"],
  ["list-24h", "/ui/?range=24h"],
  ["list-30d", "/ui/?range=30d"],
  ["needs-you", "/ui/?state=needs_you"],
  ["pools", "/ui/?pools&q=actual"],
  ["nothing", "/ui/?q=zzz"],
  ["target", "/ui/target/nextcloud"],
  ["target-failed", "/ui/target/immich"],
  ["target-asleep", "/ui/target/actual"],
  ["target-gap", "/ui/target/stirling-pdf"],
  ["target-waking", "/ui/target/forgejo"],
  ["target-closed", "/ui/target/paperless"],
  ["events", "/ui/events"],
  ["doctor", "/ui/doctor"],
  ["doctor-well", "/ui/doctor?well"],
  ["empty", "/ui/empty"],
  ["locked", "/ui/locked?wrong"],
] as const;

/** Hides what cannot be measured by the pixels behind it: under the tabs, cut off, only heard, or drawn. */
const BARE = `
  for (const el of document.querySelectorAll(".tabs, thead, svg text, svg.bar")) el.setAttribute("hidden", "");
  for (const el of document.querySelectorAll(".w-by, .sub, .fact, .who, .code, .states")) el.style.overflow = "visible";
  for (const el of document.querySelectorAll(".filters a")) if (el.getBoundingClientRect().right > innerWidth) el.hidden = true;
  for (const el of document.querySelectorAll(".w-by")) el.textContent = el.textContent.slice(0, 8);
`;

/** Dots that have lost what they mean: those that say "this one" without a filling. */
const PLAIN_DOTS = `
  [...document.querySelectorAll(".ev .on i, .ev .red i, .legend i, .events .turn i")]
    .filter((el) => getComputedStyle(el).backgroundColor === getComputedStyle(document.documentElement).backgroundColor)
    .map((el) => el.parentElement.textContent)
`;

suite("chromium", "the dashboard's looks", () => {
  let chromium: Chromium;
  let gallery: Gallery;

  beforeAll(async () => {
    await mkdir(FOLDER, { recursive: true });
    chromium = await launchChromium();
    gallery = await startGallery();
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await gallery[Symbol.asyncDispose]();
  });

  const visit = async (
    path: string,
    options: BrowserContextOptions,
    picture: string | undefined,
    look: (page: Page) => Promise<void>,
  ): Promise<void> => {
    const context = await chromium.context({ timezoneId: "UTC", ...options });
    const complaints: string[] = [];
    try {
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
      await page.goto(gallery.url + path);
      await page.waitForTimeout(350);
      if (picture !== undefined) await page.screenshot({ path: `${FOLDER}/${picture}.png` });
      await look(page);
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  };

  for (const colorScheme of ["light", "dark"] as const) {
    test.each(PAGES)(`%s, ${colorScheme}, at every width`, async (name, path) => {
      // What moves with the width is the same in both; the dark one is for its colours.
      const sizes = colorScheme === "light" ? SIZES : DARK_SIZES;
      await visit(path, { colorScheme, viewport: sizes[0] ?? null }, undefined, async (page) => {
        for (const viewport of sizes) {
          await page.setViewportSize(viewport);
          await page.screenshot({ path: `${FOLDER}/${name}-${String(viewport.width)}-${colorScheme}.png` });
          expect(await overflowing(page)).toEqual([]);
        }
        // From wide to narrow: what is laid bare stays so.
        for (const viewport of sizes) {
          await page.setViewportSize(viewport);
          await page.evaluate(BARE);
          expect(await faint(page)).toEqual([]);
        }
        expect(await page.locator("h1").count()).toBe(1);
      });
    });
  }

  for (const colorScheme of ["light", "dark"] as const) {
    test.each(["list", "target", "target-failed", "events", "doctor"] as const)(
      `%s in forced colours, ${colorScheme}`,
      async (name) => {
        const [, path] = PAGES.find(([each]) => each === name) ?? PAGES[0];
        const forced = { colorScheme, forcedColors: "active", viewport: SIZES[0] ?? null } as const;
        await visit(path, forced, `${name}-forced-${colorScheme}`, async (page) => {
          expect(await overflowing(page)).toEqual([]);
          const plain = await page.evaluate(PLAIN_DOTS);
          expect(plain).toEqual([]);
        });
      },
    );

    test.each(["none", "active"] as const)(
      `every state tells itself apart without colour, ${colorScheme}, forced colours: %s`,
      async (forcedColors) => {
        const options = { colorScheme, forcedColors, viewport: SIZES[0] ?? null };
        await visit("/ui/", options, undefined, async (page) => {
          const pictures = new Map<string, string>();
          for (const glyph of await page.locator("#rows .glyph").all()) {
            const state = /s-(\w+)/.exec((await glyph.getAttribute("class")) ?? "")?.[1] ?? "";
            if (!pictures.has(state)) pictures.set(state, (await glyph.screenshot()).toString("base64"));
          }
          expect(pictures.size).toBe(9);
          const reader = await page.context().newPage();
          expect(await reader.evaluate(alike, [...pictures])).toEqual([]);
        });
      },
    );
  }

  test("without script everything is there but the buttons", async () => {
    await visit(
      "/ui/",
      { javaScriptEnabled: false, viewport: SIZES[0] ?? null },
      "list-noscript",
      async (page) => {
        expect(await page.locator("#rows tr").count()).toBe(13);
        expect(await page.locator("button:visible").count()).toBe(0);
      },
    );
  });

  test("a whole first view stays far under 60 KB packed", async () => {
    const { gzipSync } = await import("node:zlib");
    let bytes = 0;
    for (const path of [
      "/ui/",
      "/ui/assets/dashboard.css",
      "/ui/assets/dashboard.js",
      "/ui/assets/live.js",
      "/ui/assets/theme.js",
    ]) {
      const answer = await fetch(gallery.url + path);
      bytes += gzipSync(Buffer.from(await answer.arrayBuffer())).length;
    }
    expect(bytes).toBeLessThan(40_000);
  });
});
