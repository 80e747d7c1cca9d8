import { describe, expect, it } from "vitest";
import { startRig, NAVIGATION } from "../http/rig.ts";
import { FakeDirectory, FakeTarget, targetSpec } from "../support/fake-target.ts";
import { visit, type Seen, type Visit } from "../support/visitor.ts";

async function rig(catchAll: "off" | "page" | "wake") {
  const blog = new FakeTarget(targetSpec("blog"));
  const started = await startRig(new FakeDirectory(blog), { settings: { catchAll } });
  const { host: address, port } = started.public.address;
  return {
    blog,
    go: (more: Partial<Visit> = {}): Promise<Seen> =>
      visit({ address, port, host: "blog.example.com", path: "/a?b=1", ...more }),
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}

describe("catch_all: wake", () => {
  it("waits for the wake, then sends a GET through the proxy again", async () => {
    await using r = await rig("wake");
    r.blog.onWake = () => {
      r.blog.set({ kind: "coming", state: "waking" });
      setTimeout(() => r.blog.set({ kind: "ready" }), 50);
    };
    const seen = await r.go();
    expect([seen.status, seen.headers.location]).toEqual([307, "/a?b=1"]);
    expect(r.blog.wakes).toMatchObject([{ method: "GET", host: "blog.example.com", path: "/a" }]);
  });

  it("wakes for a POST but answers 503 at once: its body is not kept", async () => {
    await using r = await rig("wake");
    const seen = await r.go({ method: "POST", body: "name=value" });
    expect(seen.status).toBe(503);
    expect(Number(seen.headers["retry-after"])).toBeGreaterThan(0);
    expect(r.blog.wakes).toHaveLength(1);
    r.blog.set({ kind: "ready" });
    expect((await r.go({ method: "POST", body: "name=value" })).status).toBe(503);
  });

  it("takes its time when the app is awake: it is the proxy that lags behind", async () => {
    await using r = await rig("wake");
    r.blog.set({ kind: "ready" });
    const since = Date.now();
    expect((await r.go()).status).toBe(307);
    expect(Date.now() - since).toBeGreaterThan(900);
    expect(r.blog.touches).toHaveLength(0);
  });

  it("shows browsers the page", async () => {
    await using r = await rig("wake");
    const seen = await r.go({ headers: NAVIGATION });
    expect([seen.status, seen.headers["x-wakegate"], seen.headers["cache-control"]]).toEqual([
      503,
      "waking",
      "no-store",
    ]);
  });

  it("never leads away from the host", async () => {
    await using r = await rig("wake");
    r.blog.set({ kind: "ready" });
    expect((await r.go({ path: "//evil.example/x" })).headers.location).toBe("/evil.example/x");
  });

  it("goes by the real host alone", async () => {
    await using r = await rig("wake");
    const headers = {
      "X-Forwarded-Host": "blog.example.com",
      "X-Forwarded-Uri": "/",
      "X-Forwarded-Method": "GET",
    };
    const seen = await r.go({ host: "other.example.com", headers });
    expect([seen.status, seen.headers["x-wakegate"]]).toEqual([404, "unknown"]);
    expect((await r.go({ host: "a b" })).status).toBe(400);
    expect(r.blog.wakes).toHaveLength(0);
  });

  it("leaves its own paths to their handlers", async () => {
    await using r = await rig("wake");
    expect((await r.go({ path: "/.wakegate/status" })).status).toBe(403);
    expect((await r.go({ path: "/.wakegate/a/b" })).status).toBe(404);
    expect(r.blog.wakes).toHaveLength(0);
  });
});

describe("catch_all: page", () => {
  it("tells how the app stands, and wakes nothing", async () => {
    await using r = await rig("page");
    expect((await r.go({ headers: NAVIGATION })).status).toBe(503);
    expect((await r.go()).status).toBe(503);
    expect(r.blog.wakes).toHaveLength(0);
  });
});

describe("catch_all: off", () => {
  it("is 404", async () => {
    await using r = await rig("off");
    expect((await r.go()).status).toBe(404);
    expect(r.blog.wakes).toHaveLength(0);
  });
});
