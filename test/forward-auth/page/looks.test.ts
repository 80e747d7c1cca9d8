import { mkdir } from "node:fs/promises";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { samples } from "../../../src/forward-auth/page/samples.ts";
import type { Chromium } from "../../support/chromium.ts";
import { launchChromium } from "../../support/chromium.ts";
import { suite } from "../../support/require.ts";
import { NOW, progressOf } from "./fixtures.ts";
import { faint, overflowing, overlapping } from "./look.ts";
import { startSite } from "./site.ts";
import type { Site } from "./site.ts";

const FOLDER = "test/.artifacts/page";
const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
  { width: 320, height: 640 },
];
const DARK_SIZES = SIZES.filter(({ width }) => width === 1280 || width === 390);
const NAMES = samples(NOW).map(({ name }) => name);

suite("chromium", "the page in a browser", () => {
  let chromium: Chromium;
  let site: Site;

  beforeAll(async () => {
    await mkdir(FOLDER, { recursive: true });
    chromium = await launchChromium();
    site = await startSite((now) => progressOf("waking", now));
  });
  afterAll(async () => {
    await chromium[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  /** Opens the page in a state, takes its picture, and hands over what the browser complained about. */
  const visit = async (
    name: string,
    options: BrowserContextOptions,
    look: (page: Page) => Promise<void>,
    picture?: string,
  ): Promise<void> => {
    site.input = samples(NOW).find((sample) => sample.name === name)?.more ?? {};
    site.progress = (now) => progressOf(name, now);
    const context = await chromium.context(options);
    const complaints: string[] = [];
    try {
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        // The page itself is a 503, and so is each in-band answer.
        if (message.type() === "error" && !message.text().includes("status of 503"))
          complaints.push(message.text());
      });
      await page.goto(site.url);
      await page.waitForTimeout(300);
      await look(page);
      if (picture) await page.screenshot({ path: `${FOLDER}/${picture}.png` });
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  };

  const sound = async (page: Page): Promise<void> => {
    expect(await overflowing(page)).toEqual([]);
    expect(await overlapping(page)).toEqual([]);
    expect(await faint(page)).toEqual([]);
    expect(await page.locator("h1").count()).toBe(1);
  };

  for (const colorScheme of ["light", "dark"] as const) {
    test.each(NAMES)(`%s, ${colorScheme}, at every width`, async (name) => {
      // What moves with the width is the same in both; the dark one is for its colours.
      const sizes = colorScheme === "light" ? SIZES : DARK_SIZES;
      await visit(name, { colorScheme, viewport: sizes[0] ?? null }, async (page) => {
        for (const viewport of sizes) {
          await page.setViewportSize(viewport);
          await page.screenshot({ path: `${FOLDER}/${name}-${String(viewport.width)}-${colorScheme}.png` });
          await sound(page);
        }
      });
    });
  }

  test.each([
    ["a low screen", "overdue", { viewport: { width: 844, height: 390 } }],
    ["zoom 400 %", "failed", { viewport: { width: 320, height: 200 } }],
    ["reduced motion", "waking", { viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" }],
    ["forced colours", "failed", { viewport: { width: 1280, height: 800 }, forcedColors: "active" }],
    ["forced colours", "waking", { viewport: { width: 390, height: 844 }, forcedColors: "active" }],
  ] as const)("%s: %s", async (what, name, options) => {
    await visit(
      name,
      options,
      async (page) => {
        expect(await overflowing(page)).toEqual([]);
        expect(await overlapping(page)).toEqual([]);
      },
      `${name}-${what.replaceAll(/[ %]+/g, "-")}`,
    );
  });

  test.each([0, 1, 7])("a name of 60 characters and %d dependencies", async (n) => {
    const names = Array.from({ length: n }, (_, i) => `service-${String(i)}-with-a-rather-long-name`);
    for (const viewport of SIZES) {
      site.input = {};
      const look = async (page: Page): Promise<void> => {
        site.progress = (now) => ({
          ...progressOf("waking", now),
          displayName: "x".repeat(60),
          etaMs: 240_000,
          dependencies: names.map((name) => ({ name, displayName: name, status: "waking" as const })),
        });
        await page.reload();
        await page.waitForTimeout(200);
        expect(await overflowing(page)).toEqual([]);
        expect(await overlapping(page)).toEqual([]);
        expect(await page.locator("#slot").textContent()).toMatch(/^about 4.min$/);
      };
      await visit("waking", { viewport }, look, `long-${String(n)}-${String(viewport.width)}`);
    }
  });
});
