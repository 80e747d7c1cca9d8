import { expect, it } from "vitest";
import { suite } from "../support/require.ts";
import { ask, megabyte, NAVIGATION, openEchoSocket, told } from "./support/ask.ts";
import { engineOfFile, makeApp, proxyNames, putBefore, stageOfFile } from "./support/stage.ts";
import { startWakegate } from "./support/wakegate.ts";

const engine = engineOfFile();
const stage = stageOfFile(engine);

for (const proxy of proxyNames) {
  suite(["docker", proxy], `a request for a sleeping app behind ${proxy}`, () => {
    it.each([
      { is: "stopped", by: "start" },
      { is: "paused", by: "unpause" },
      { is: "created", by: "start" },
    ] as const)("200 GETs and POSTs at once to a $is app: all answered, by one $by", async ({ is, by }) => {
      const { docker, wakegate } = await stage();
      const name = `herd-${is}-${proxy}`;
      await using app = await makeApp({ docker, wakegate }, name, { is });
      await using front = await putBefore(proxy, { wakegate }, app);
      const since = Date.now();
      const { body, whole } = megabyte();
      const answers = await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const post = i % 50 === 0;
          const answer = await ask(front.url(`/x?${String(i)}`), post ? { method: "POST", body } : {});
          const { method, url, bytes, sha256 } = told(answer);
          return { method, url, bytes, ...(post && { sha256 }) };
        }),
      );
      const expected = answers.map((_, i) => {
        const url = `/x?${String(i)}`;
        return i % 50 === 0 ? { method: "POST", url, ...whole } : { method: "GET", url, bytes: 0 };
      });
      expect(answers).toEqual(expected);
      expect(await docker.count(by, name, since)).toBe(1);
      expect(await docker.count(by === "start" ? "unpause" : "start", name, since)).toBe(0);
    });

    it("a form that a browser sends is held and delivered, never answered by the page", async () => {
      const s = await stage();
      await using app = await makeApp(s, `form-${proxy}`);
      await using front = await putBefore(proxy, s, app);
      const answer = await ask(front.url("/comment"), {
        method: "POST",
        headers: { ...NAVIGATION, "content-type": "application/x-www-form-urlencoded" },
        body: "text=hello+there",
      });
      expect(told(answer)).toMatchObject({ method: "POST", url: "/comment", bytes: 16 });
      expect(told(answer).headers).toMatchObject({ "content-type": "application/x-www-form-urlencoded" });
    });

    it.each([
      { way: "in chunks of unknown length", headers: { "transfer-encoding": "chunked" } },
      { way: "after being asked for", headers: { expect: "100-continue" } },
    ])("a body that is sent $way arrives whole", async ({ headers }) => {
      const s = await stage();
      const way = Object.keys(headers).join("");
      await using app = await makeApp(s, `${way}-${proxy}`);
      await using front = await putBefore(proxy, s, app);
      const { body, whole } = megabyte();
      const length = "expect" in headers ? { "content-length": String(body.length) } : {};
      const answer = await ask(front.url("/up"), { method: "PUT", headers: { ...headers, ...length }, body });
      expect(told(answer)).toMatchObject({ method: "PUT", ...whole });
    });

    it("a WebSocket handshake is held, then the socket is the app's", async () => {
      const s = await stage();
      await using app = await makeApp(s, `socket-${proxy}`);
      await using front = await putBefore(proxy, s, app);
      using socket = await openEchoSocket(front.url("/socket"));
      await socket.echo("hello");
      await socket.echo("x".repeat(4_000));
    });

    it("a HEAD is held and answered by the app where its client is known to begin with it", async () => {
      const s = await stage();
      await using app = await makeApp(s, `head-${proxy}`);
      await using front = await putBefore(proxy, s, app);
      const check = await ask(front.url(), { method: "HEAD", headers: { accept: "*/*" } });
      expect(check).toMatchObject({ status: 503, headers: { "x-wakegate": "napping" }, text: "" });
      const wakes = s.wakegate
        .log()
        .filter((line) => line.event === "wake_started" && line["target"] === app.name);
      expect(wakes).toEqual([]);
      const backup = { accept: "*/*", "user-agent": "rclone/v1.68.0" };
      const answer = await ask(front.url(), { method: "HEAD", headers: backup });
      expect(answer).toMatchObject({ status: 200, headers: { "x-app": app.name }, text: "" });
    });

    it("a preflight is held and answered by the app", async () => {
      const s = await stage();
      await using app = await makeApp(s, `preflight-${proxy}`);
      await using front = await putBefore(proxy, s, app);
      const headers = { origin: "https://other.example.com", "access-control-request-method": "PUT" };
      const answer = await ask(front.url("/api"), { method: "OPTIONS", headers });
      expect(told(answer)).toMatchObject({ method: "OPTIONS", url: "/api" });
    });

    it("a browser that opens a page gets the loading page, marked as ours, and the app comes up", async () => {
      const s = await stage();
      await using app = await makeApp(s, `page-${proxy}`);
      await using front = await putBefore(proxy, s, app);
      const page = await ask(front.url("/page"), { headers: NAVIGATION });
      expect(page.status).toBe(503);
      expect(page.headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "x-wakegate": expect.stringMatching(/^(waking|starting)$/) as string,
        "retry-after": expect.stringMatching(/^[1-9]\d*$/) as string,
        "content-security-policy": expect.stringContaining("default-src 'none'") as string,
      });
      expect(page.text).toContain(`${app.name} is waking up`);
      await s.wakegate.until("target_ready", app.name);
      const answer = await ask(front.url("/page"), { headers: NAVIGATION });
      expect(answer).toMatchObject({ status: 200, headers: { "x-app": app.name } });
    });

    it("a browser that is content with a short wait never sees the page", async () => {
      const s = await stage();
      await using app = await makeApp(s, `patient-${proxy}`, { labels: { page_after: "20s" } });
      await using front = await putBefore(proxy, s, app);
      const answer = await ask(front.url("/page"), { headers: NAVIGATION });
      expect(answer).toMatchObject({ status: 200, headers: { "x-app": app.name } });
    });

    it("a client of an app that dies is told so, in its own form", async () => {
      const s = await stage();
      await using app = await makeApp(s, `dies-${proxy}`, { env: { BOOT_MS: "60000", EXIT_MS: "50" } });
      await using front = await putBefore(proxy, s, app);
      const answer = await ask(front.url("/api/items"), { headers: { accept: "application/json" } });
      expect(answer.status).toBe(503);
      expect(answer.headers).toMatchObject({
        "content-type": "application/problem+json; charset=utf-8",
        "cache-control": "no-store",
        "x-wakegate": "error",
        "retry-after": expect.stringMatching(/^[1-9]\d*$/) as string,
      });
      expect(JSON.parse(answer.text)).toMatchObject({ status: 503, error: "failed", state: "error" });
      expect((await s.wakegate.until("wake_failed", app.name)).msg).toContain("exit code 1");
    });

    it("a wake longer than the hold ends in 503 with Retry-After; the same wake serves the next request", async () => {
      const s = await stage();
      const labels = { hold_timeout: "1s" };
      await using app = await makeApp(s, `long-${proxy}`, { labels, env: { BOOT_MS: "3000" } });
      await using front = await putBefore(proxy, s, app);
      const since = Date.now();
      const { body, whole } = megabyte();
      const early = await ask(front.url("/up"), { method: "POST", body });
      expect(early.status).toBe(503);
      expect(early.headers).toMatchObject({
        "x-wakegate": expect.stringMatching(/^(waking|starting)$/) as string,
        "retry-after": expect.stringMatching(/^[1-9]\d*$/) as string,
      });
      await s.wakegate.until("target_ready", app.name);
      expect(told(await ask(front.url("/up"), { method: "POST", body }))).toMatchObject(whole);
      expect(await s.docker.count("start", app.name, since)).toBe(1);
    });

    it("a visitor who leaves does not take the wake along", async () => {
      const s = await stage();
      await using app = await makeApp(s, `leaves-${proxy}`, { env: { BOOT_MS: "1500" } });
      await using front = await putBefore(proxy, s, app);
      const since = Date.now();
      const left = new AbortController();
      const lost = ask(front.url(), { signal: left.signal });
      await s.wakegate.until("wake_started", app.name);
      left.abort();
      await expect(lost).rejects.toThrow("aborted");
      await s.wakegate.until("target_ready", app.name);
      expect(told(await ask(front.url("/again"))).url).toBe("/again");
      expect(await s.docker.count("start", app.name, since)).toBe(1);
    });

    it("a host without a target passes", async () => {
      const s = await stage();
      await using app = await makeApp(s, `stranger-${proxy}`, { is: "ready", managed: false });
      await using front = await putBefore(proxy, s, app);
      // Nobody waits for its readiness here.
      await expect.poll(async () => (await ask(front.url("/free"))).status, { timeout: 20_000 }).toBe(200);
      expect(told(await ask(front.url("/free"))).url).toBe("/free");
    });

    it("a host without a target is refused where that is configured", async () => {
      const docker = await engine();
      await using wakegate = await startWakegate({
        socketPath: docker.socketPath,
        yaml: "unknown_hosts: deny",
      });
      await using app = await makeApp({ docker, wakegate }, `refused-${proxy}`, {
        is: "ready",
        managed: false,
      });
      await using front = await putBefore(proxy, { wakegate }, app);
      const answer = await ask(front.url("/free"));
      expect(answer).toMatchObject({ status: 403, headers: { "x-wakegate": "unknown" } });
    });
  });
}
