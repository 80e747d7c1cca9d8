import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { startGateway, type Gateway } from "../../src/cli/demo/gateway.ts";
import { fakeApp, fakeServer, type FakeServer } from "../e2e/fake-upstreams.ts";

const address = (server: FakeServer): { host: string; port: number } => ({
  host: "127.0.0.1",
  port: Number(server.address.split(":")[1]),
});

async function gatewayTo(
  app: FakeServer,
  wakegate: FakeServer,
  onPass = () => {},
): Promise<Gateway & { url: string }> {
  const gateway = await startGateway({
    port: 0,
    app: address(app),
    internal: address(wakegate),
    public: address(wakegate),
    own: () => false,
    onPass,
  });
  return Object.assign(gateway, { url: `http://127.0.0.1:${String(gateway.port)}` });
}

describe("startGateway", () => {
  it("asks as forward-auth does, then passes the request on with its body", async () => {
    await using app = await fakeApp();
    await using wakegate = await fakeServer((_request, response) => response.writeHead(200).end());
    let passes = 0;
    await using gateway = await gatewayTo(app, wakegate, () => (passes += 1));
    const answer = await fetch(`${gateway.url}/form?a=1`, { method: "POST", body: "name=value" });
    expect(await answer.json()).toMatchObject({ method: "POST", url: "/form?a=1", length: 10 });
    expect(passes).toBe(1);
    const [asked] = wakegate.seen;
    expect(asked?.method).toBe("GET");
    expect(asked?.url).toBe("/api/authz/forward-auth");
    expect(asked?.headers).toMatchObject({
      "x-forwarded-method": "POST",
      "x-forwarded-uri": "/form?a=1",
      "x-forwarded-host": `127.0.0.1:${String(gateway.port)}`,
      "x-forwarded-proto": "http",
    });
    expect(asked?.headers["content-length"]).toBeUndefined();
  });

  it("copies every other answer, and does not trouble the app", async () => {
    await using app = await fakeApp();
    await using wakegate = await fakeServer((_request, response) =>
      response.writeHead(503, { "x-wakegate": "waking" }).end("page"),
    );
    await using gateway = await gatewayTo(app, wakegate);
    const answer = await fetch(gateway.url);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("x-wakegate")).toBe("waking");
    expect(await answer.text()).toBe("page");
    expect(app.seen).toHaveLength(0);
  });

  it("leads /.wakegate/ to the public listener without asking", async () => {
    await using app = await fakeApp();
    await using wakegate = await fakeServer((incoming, response) => response.end(incoming.url));
    await using gateway = await gatewayTo(app, wakegate);
    expect(await (await fetch(`${gateway.url}/.wakegate/status?x=1`)).text()).toBe("/.wakegate/status?x=1");
    expect(wakegate.seen).toHaveLength(1);
  });

  it("gives up the question when the visitor leaves", async () => {
    await using app = await fakeApp();
    let left: () => void;
    const gone = new Promise<void>((resolve) => (left = resolve));
    await using wakegate = await fakeServer((_request, response) => response.on("close", () => left()));
    await using gateway = await gatewayTo(app, wakegate);
    const visit = request(gateway.url).end();
    visit.on("error", () => undefined);
    await expect.poll(() => wakegate.seen.length).toBe(1);
    visit.destroy();
    await gone;
  });

  it("says 502 when nobody is there to ask", async () => {
    await using app = await fakeApp();
    const wakegate = await fakeServer(() => undefined);
    await using gateway = await gatewayTo(app, wakegate);
    await wakegate[Symbol.asyncDispose]();
    expect((await fetch(gateway.url)).status).toBe(502);
  });

  it("fails when its port is taken", async () => {
    await using app = await fakeApp();
    const options = {
      app: address(app),
      internal: address(app),
      public: address(app),
      own: () => false,
      onPass: () => undefined,
    };
    await expect(startGateway({ ...options, port: address(app).port })).rejects.toMatchObject({
      code: "listen_failed",
    });
  });
});
