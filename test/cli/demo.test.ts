import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

interface Demo extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  /** The only place where it may leave anything. */
  readonly temp: string;
  output(): string;
}

async function startDemo(folder: TempFolder, ...args: string[]): Promise<Demo> {
  const child = spawn(process.execPath, ["--import", "tsx", "src/main.ts", "demo", ...args], {
    env: { ...process.env, TMPDIR: folder.path },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const url = await expect
    .poll(() => /http:\/\/127\.0\.0\.1:\d+\//.exec(text)?.[0], { timeout: 20_000 })
    .toBeDefined()
    .then(() => /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0] ?? "");
  return {
    url,
    child,
    temp: folder.path,
    output: () => text,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "close");
    },
  };
}

/** What lies in the demo's own folders; tsx keeps a cache beside them. */
async function leftovers(temp: string): Promise<string[]> {
  return (await readdir(temp)).filter((name) => name.startsWith("wakegate-"));
}

const NAVIGATION = { accept: "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

async function state(demo: Demo): Promise<{ awake: boolean; sleepsInMs: number }> {
  return (await (await fetch(`${demo.url}/-/demo/state`)).json()) as { awake: boolean; sleepsInMs: number };
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("wakegate demo", () => {
  it("shows the page, the app and the sleep, and leaves nothing behind after Ctrl-C", async () => {
    await using folder = await tempFolder("demo-test");
    await using demo = await startDemo(folder, "--idle", "3s", "--boot", "700ms");
    expect((await state(demo)).awake).toBe(false);

    const page = await fetch(demo.url, { headers: NAVIGATION });
    expect(page.status).toBe(503);
    expect(page.headers.get("x-wakegate")).not.toBeNull();
    expect(await page.text()).toContain("A sleepy app");

    const held = await fetch(demo.url);
    expect(held.status).toBe(200);
    const app = await held.text();
    expect(app).toContain("Awake since");
    const pid = Number(/process (\d+)/.exec(app)?.[1]);
    expect(await state(demo)).toMatchObject({ awake: true });

    await expect.poll(async () => (await state(demo)).awake, { timeout: 20_000, interval: 200 }).toBe(false);
    // It is no longer let through to from the moment on that its stop is decided; the process ends a little later.
    await expect.poll(() => runs(pid)).toBe(false);

    const again = Number(/process (\d+)/.exec(await (await fetch(demo.url)).text())?.[1]);
    expect(again).not.toBe(pid);
    demo.child.kill("SIGINT");
    await once(demo.child, "close");
    expect(demo.child.exitCode).toBe(0);
    expect(runs(again)).toBe(false);
    expect(await leftovers(demo.temp)).toEqual([]);
  });

  it("ends in the middle of a wake, too", async () => {
    await using folder = await tempFolder("demo-test");
    await using demo = await startDemo(folder, "--boot", "20s");
    const held = fetch(demo.url).then(
      (answer) => answer.status,
      () => "cut",
    );
    await expect.poll(() => leftovers(demo.temp)).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    demo.child.kill("SIGTERM");
    await once(demo.child, "close");
    expect(demo.child.exitCode).toBe(0);
    expect([503, "cut"]).toContain(await held);
    expect(await leftovers(demo.temp)).toEqual([]);
  });

  it("says what is wrong with its options", async () => {
    const child = spawn(process.execPath, ["--import", "tsx", "src/main.ts", "demo", "--idle", "20"]);
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    await once(child, "close");
    expect(child.exitCode).toBe(2);
    expect(text).toContain("--idle");
  });
});
