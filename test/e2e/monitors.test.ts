import { expect, it } from "vitest";
import { startCaddy } from "../support/caddy.ts";
import { suite } from "../support/require.ts";
import { fakeApp, fakeServer } from "./fake-upstreams.ts";

const KUMA = { "user-agent": "Uptime-Kuma/1.23.11", cookie: "a=b" };
const PERSON = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0" };

suite("caddy", "the shipped Caddyfile.monitors", () => {
  it("shows monitors the app, 200 while it naps, and 503 when it failed; people the page", async () => {
    let state = "napping";
    await using app = await fakeApp();
    await using wakegate = await fakeServer((request, response) => {
      const known = request.url === "/api/authz/forward-auth";
      response.writeHead(!known ? 404 : state === "ready" ? 200 : 503, { "x-wakegate": state });
      response.end(state === "ready" ? "" : "<h1>asleep</h1>");
    });
    await using proxy = await startCaddy({
      app: app.address,
      wakegate: wakegate.address,
      wakegatePublic: "127.0.0.1:9",
      file: "Caddyfile.monitors",
    });
    const ask = (headers: Record<string, string>) => fetch(`${proxy.url}/health?x=1`, { headers });

    const napping = await ask(KUMA);
    expect([napping.status, await napping.text()]).toEqual([200, "asleep"]);
    expect(wakegate.seen.at(-1)?.headers).toMatchObject({
      "x-forwarded-method": "GET",
      "x-forwarded-uri": "/health?x=1",
      "user-agent": KUMA["user-agent"],
    });
    expect(wakegate.seen.at(-1)?.headers.cookie).toBeUndefined();
    expect((await ask(PERSON)).status).toBe(503);
    expect(app.seen).toHaveLength(0);

    state = "error";
    expect((await ask(KUMA)).status).toBe(503);

    state = "ready";
    const awake = await ask(KUMA);
    expect([awake.status, await awake.json()]).toMatchObject([200, { url: "/health?x=1" }]);
    expect(await (await ask(PERSON)).json()).toMatchObject({ url: "/health?x=1" });
  });
});

suite("caddy", "the shipped Caddyfile.monitors for people", () => {
  it("hands a form post to the app whole", async () => {
    await using app = await fakeApp();
    await using wakegate = await fakeServer((_request, response) => response.writeHead(200).end());
    await using proxy = await startCaddy({
      app: app.address,
      wakegate: wakegate.address,
      wakegatePublic: "127.0.0.1:9",
      file: "Caddyfile.monitors",
    });
    const response = await fetch(`${proxy.url}/form`, { method: "POST", body: "name=value" });
    expect(await response.json()).toMatchObject({ method: "POST", url: "/form", length: 10 });
  });
});
