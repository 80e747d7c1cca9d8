import { describe, expect, it } from "vitest";
import { pageDemo, startPageServer } from "../../src/cli/demo/page-demo.ts";
import { samples } from "../../src/forward-auth/page/samples.ts";

describe("startPageServer", () => {
  it("serves the page in each of its states, and the view that its script asks for", async () => {
    await using server = await startPageServer(0);
    const url = `http://127.0.0.1:${String(server.port)}`;
    const index = await (await fetch(url)).text();
    for (const { name, progress } of samples(Date.now())) {
      expect(index).toContain(`href="/${name}"`);
      const page = await fetch(`${url}/${name}`);
      expect(page.status).toBe(503);
      expect(page.headers.get("x-wakegate")).toBe(progress.phase);
      expect(page.headers.get("content-security-policy")).toContain("nonce-");
      expect(await page.text()).toContain("<!doctype html>");
      const status = await fetch(`${url}/.wakegate/status?token=${name}.${String(Date.now())}`);
      expect(await status.json()).toMatchObject({
        state: progress.phase,
        view: { faces: expect.any(Array) },
      });
    }
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
  });

  it("streams simulated events", async () => {
    await using server = await startPageServer(0);
    const controller = new AbortController();
    const answer = await fetch(
      `http://127.0.0.1:${String(server.port)}/.wakegate/events?token=waking.${String(Date.now())}`,
      { signal: controller.signal },
    );
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("data: ")) text += (await reader?.read())?.value ?? "";
    expect(text).toContain("id: 1");
    expect(text).toContain('"type":"waiting_ready"');
    controller.abort();
  });
});

describe("demo --page", () => {
  it("names the states when it does not know one", async () => {
    await expect(pageDemo("purple", 0)).rejects.toMatchObject({ code: "usage" });
    await expect(pageDemo("purple", 0)).rejects.toThrow(/There are: \w+(, \w+)+/);
  });
});
