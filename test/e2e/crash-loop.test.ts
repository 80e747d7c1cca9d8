import { expect, it } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import { suite } from "../support/require.ts";
import { complaintsOf } from "./support/console-watch.ts";
import { makeApp, putBefore, stageOfFile, timesOf, until } from "./support/stage.ts";

const stage = stageOfFile();
/** Between the fifth failure and the moment from which a visitor's own request may try again, with some more. */
const COOL_DOWN_MS = 16_000 + 2_000;

suite(["docker", "chromium", "caddy"], "an app that dies at each start, under an open page", () => {
  it("is started five times; then the page says that there are no more tries, and keeps to it", async () => {
    const s = await stage();
    await using app = await makeApp(s, "loops", { env: { BOOT_MS: "60000", EXIT_MS: "0", EXIT_CODE: "3" } });
    await using front = await putBefore("caddy", s, app);
    await using chromium = await launchChromium();
    const context = await chromium.context();
    const complaints = complaintsOf(context);
    const page = await context.newPage();
    const began = Date.now();
    const starts = (): Promise<number> => s.docker.count("start", app.name, began);

    expect((await page.goto(front.url()))?.status()).toBe(503);
    const lead = page.getByText("It failed 5 times in a row, so there are no more tries by itself before");
    await lead.waitFor({ timeout: 60_000 });
    const failedAt = Date.now();
    expect(await starts()).toBe(5);
    expect(timesOf(s, "wake_failed", app.name)).toBe(5);

    await until("a visitor may try again", () => Date.now() > failedAt + COOL_DOWN_MS);
    expect(await lead.isVisible()).toBe(true);
    expect(await starts()).toBe(5);

    await page.getByRole("button", { name: "Try now" }).click();
    await until("the sixth start, which the visitor asked for", async () => (await starts()) === 6);
    await context.close();
    expect(complaints).toEqual([]);
  });
});
