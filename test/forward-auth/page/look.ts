import type { Page } from "playwright-core";
import { letters, measure, overflowing as wide, overlapping as crossed } from "./in-page.js";
import type { Faint } from "./in-page.js";

/** Everything on the page that reaches beyond the window sideways, by tag and class. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(wide);
}

/** Texts that overlap each other. */
export function overlapping(page: Page): Promise<string[]> {
  return page.evaluate(crossed);
}

/**
 * Texts below WCAG AA, measured: the colours behind each text are the pixels of a picture of the page without
 * its letters, and the worst of them counts.
 */
export async function faint(page: Page): Promise<Faint[]> {
  const texts = await page.evaluate(letters);
  // The policy forbids style elements, so the letters are hidden by script.
  const fill = 'document.documentElement.style.setProperty("-webkit-text-fill-color", ';
  await page.evaluate(`${fill}"transparent")`);
  const picture = (await page.screenshot()).toString("base64");
  await page.evaluate(`${fill}"")`);
  const reader = await page.context().newPage();
  try {
    return await reader.evaluate(measure, { picture, texts });
  } finally {
    await reader.close();
  }
}
