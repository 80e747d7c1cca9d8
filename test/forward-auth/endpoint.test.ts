import { describe, expect, it, vi } from "vitest";
import type { TargetSpec } from "../../src/config/model.ts";
import type { Gate } from "../../src/watchers/handle.ts";
import { NAVIGATION, startRig, type Rig, type RigOptions } from "../http/rig.ts";
import { entryOf, FakeDirectory, FakeTarget, route, targetSpec } from "../support/fake-target.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

interface House extends AsyncDisposable {
  readonly rig: Rig;
  readonly blog: FakeTarget;
  readonly directory: FakeDirectory;
  readonly clock: VirtualClock;
}

async function house(the: { spec?: Partial<TargetSpec>; gate?: Gate } & RigOptions = {}): Promise<House> {
  const blog = new FakeTarget(targetSpec("blog", the.spec), the.gate);
  const directory = new FakeDirectory(blog);
  const clock = new VirtualClock();
  const rig = await startRig(directory, { clock, ...the });
  return { rig, blog, directory, clock, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

const READY: Gate = { kind: "ready" };
const POST = { method: "POST", headers: { accept: "application/json" } };

/** Until so many requests wait. */
async function held(rig: Rig, count: number): Promise<void> {
  await vi.waitFor(() => expect(rig.forwardAuth.held).toBe(count), { timeout: 20_000, interval: 2 });
}

describe("the verdict endpoint", () => {
  it("passes a ready target with an empty 200 and notes the use", async () => {
    await using the = await house({ gate: READY });
    const reply = await the.rig.ask({
      uri: "/a?b",
      headers: { "user-agent": "curl", "x-forwarded-for": "203.0.113.9" },
    });
    expect(reply).toMatchObject({ status: 200, body: "" });
    expect(reply.headers["content-length"]).toBe("0");
    expect(reply.headers["x-wakegate"]).toBeUndefined();
    expect(the.blog.touches).toEqual([
      {
        kind: "request",
        client: "203.0.113.9",
        method: "GET",
        path: "/a",
        userAgent: "curl",
        longLived: false,
      },
    ]);
    await the.rig.ask({ method: "HEAD" });
    expect(the.blog.touches).toHaveLength(1);
  });

  it("holds a POST until the target is ready", async () => {
    await using the = await house();
    const reply = the.rig.ask(POST);
    await held(the.rig, 1);
    expect(the.blog.wakes[0]).toMatchObject({ by: "request", method: "POST", host: "blog.example.com" });
    expect(the.blog.leases).toBe(1);
    the.blog.set({ kind: "coming", state: "starting" });
    the.blog.set(READY);
    expect((await reply).status).toBe(200);
    expect(the.blog.leases).toBe(0);
    expect(the.rig.forwardAuth.held).toBe(0);
  });

  it("ends a hold at its deadline with 503, Retry-After and a problem document", async () => {
    await using the = await house({ spec: { holdTimeoutMs: 10_000 } });
    the.blog.lesson = { usuallyMs: 12_400 };
    const reply = the.rig.ask(POST);
    await held(the.rig, 1);
    await the.clock.advance(10_000);
    const { status, headers, body } = await reply;
    expect(status).toBe(503);
    expect(headers).toMatchObject({
      "content-type": "application/problem+json; charset=utf-8",
      "cache-control": "no-store",
      "x-wakegate": "waking",
      "retry-after": "3",
      "x-robots-tag": "noindex",
    });
    expect(JSON.parse(body)).toMatchObject({ status: 503, state: "waking", error: "waking", retryAfter: 3 });
    expect(the.clock.pending).toBe(0);
  });

  it("tells a held request at once when the wake fails, without the operator's details", async () => {
    await using the = await house();
    const reply = the.rig.ask({ method: "PUT" });
    await held(the.rig, 1);
    the.blog.set({ kind: "failed", until: the.clock.now() + 4000, message: "exit code 137 in db" });
    const { status, headers, body } = await reply;
    expect([status, headers["retry-after"], headers["x-wakegate"]]).toEqual([503, "4", "error"]);
    expect(body).toContain("blog failed to wake");
    expect(body).not.toContain("137");
  });

  it("gives a browser the page, without waiting", async () => {
    await using the = await house();
    const { status, headers, body } = await the.rig.ask({ uri: "//evil.example/<x>", headers: NAVIGATION });
    expect(status).toBe(503);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["x-wakegate"]).toBe("waking");
    expect(headers["retry-after"]).toBe("5");
    expect(body.length).toBeLessThan(64 * 1024);
    expect(body).not.toContain("//evil.example");
    expect(body).not.toContain("<x>");
    expect(the.blog.wakes).toHaveLength(1);
  });

  it("holds a browser for a moment where wakes are quick", async () => {
    await using the = await house();
    the.blog.lesson = { p90Ms: 300 };
    const quick = the.rig.ask({ headers: NAVIGATION });
    await held(the.rig, 1);
    the.blog.set(READY);
    expect((await quick).status).toBe(200);
    the.blog.set({ kind: "asleep" });
    const slow = the.rig.ask({ headers: NAVIGATION });
    await held(the.rig, 1);
    await the.clock.advance(1200);
    expect((await slow).headers["content-type"]).toContain("text/html");
  });

  it("tells a browser whose form was held in vain to send it again, and never reloads", async () => {
    await using the = await house();
    const reply = the.rig.ask({ method: "POST", headers: NAVIGATION });
    await held(the.rig, 1);
    await the.clock.advance(25_000);
    const { status, body } = await reply;
    expect(status).toBe(503);
    expect(body).toContain("send it again");
    expect(body).not.toMatch(/refresh|<script/i);
  });

  it("answers gRPC with plain text", async () => {
    await using the = await house({ gate: { kind: "missing", why: "gone", message: "" } });
    const reply = await the.rig.ask({ headers: { "content-type": "application/grpc", accept: "text/html" } });
    expect([reply.status, reply.headers["content-type"]]).toEqual([503, "text/plain; charset=utf-8"]);
  });

  it("sends the page elsewhere in redirect mode, with an absolute address", async () => {
    await using the = await house({
      spec: { pageMode: "redirect" },
      settings: { publicUrl: "https://wake.example.com" },
    });
    const reply = await the.rig.ask({ uri: "/deep?x", headers: NAVIGATION });
    expect(reply.status).toBe(302);
    const location = reply.headers.location ?? "";
    expect(location).toMatch(/^https:\/\/wake\.example\.com\/\.wakegate\/page\?token=[\w-]+$/);
    expect(reply.headers["x-wakegate"]).toBe("waking");
  });

  it("forgets a client that left, but not the wake", async () => {
    await using the = await house();
    const leave = new AbortController();
    const reply = the.rig.ask({ ...POST, signal: leave.signal });
    await held(the.rig, 1);
    leave.abort();
    await expect(reply).rejects.toThrow("aborted");
    await held(the.rig, 0);
    expect(the.blog.gate).toEqual({ kind: "coming", state: "waking" });
    expect([the.blog.leases, the.blog.changed.size, the.clock.pending]).toEqual([0, 0, 0]);
  });

  it("holds no more than it may, and still wakes", async () => {
    await using the = await house({ settings: { limits: { holdsPerTarget: 2, holds: 3, streams: 1 } } });
    const first = [the.rig.ask(POST), the.rig.ask(POST)];
    await held(the.rig, 2);
    const excess = await the.rig.ask(POST);
    expect(excess.status).toBe(503);
    expect(JSON.parse(excess.body)).toMatchObject({ error: "full" });
    the.blog.set(READY);
    for (const reply of await Promise.all(first)) expect(reply.status).toBe(200);
  });

  it("ends holds with a clear answer at shutdown", async () => {
    const the = await house();
    const reply = the.rig.ask(POST);
    await held(the.rig, 1);
    await the[Symbol.asyncDispose]();
    const { status, headers } = await reply;
    expect([status, headers["x-wakegate"], headers["retry-after"]]).toEqual([503, "shutdown", "2"]);
    expect([the.blog.leases, the.clock.pending, the.directory.changed.size]).toEqual([0, 0, 0]);
  });

  it("goes on with the new handle when a reload replaces the target", async () => {
    await using the = await house();
    const reply = the.rig.ask(POST);
    await held(the.rig, 1);
    const successor = new FakeTarget(targetSpec("blog"));
    the.directory.set([entryOf(successor)]);
    await vi.waitFor(() => expect(successor.wakes).toHaveLength(1));
    expect(the.blog.leases).toBe(0);
    successor.set(READY);
    expect((await reply).status).toBe(200);
  });

  it("answers a held request whose target is removed", async () => {
    await using the = await house();
    const reply = the.rig.ask(POST);
    await held(the.rig, 1);
    the.directory.set([]);
    expect((await reply).status).toBe(503);
  });

  it("releases a thousand waiters of one wake, without a second look at the engine", async () => {
    await using the = await house();
    const replies = Array.from({ length: 1000 }, () => the.rig.ask({ method: "POST" }));
    await held(the.rig, 1000);
    the.blog.set(READY);
    // A turn of the event loop, no more: every one of them has been answered.
    await new Promise((resolve) => setImmediate(resolve));
    expect(the.rig.forwardAuth.held).toBe(0);
    for (const reply of await Promise.all(replies)) expect(reply.status).toBe(200);
    expect(the.blog.changed.size).toBe(0);
  });
});

describe("routing", () => {
  it("lets an unknown host through or not, as configured", async () => {
    await using open = await house();
    expect((await open.rig.ask({ host: "other.example.com" })).status).toBe(200);
    await using closed = await house({ settings: { unknownHosts: "deny" } });
    const reply = await closed.rig.ask({ host: "other.example.com" });
    expect([reply.status, reply.headers["x-wakegate"]]).toEqual([403, "unknown"]);
  });

  it("holds an unknown host until every engine was listed, five seconds at most", async () => {
    const the = await house({ settings: { unknownHosts: "deny" } });
    await using rig = the.rig;
    the.directory.settled = false;
    the.directory.set([]);
    const found = rig.ask();
    await held(rig, 1);
    the.blog.gate = READY;
    the.directory.set([entryOf(the.blog)]);
    expect((await found).status).toBe(200);
    const late = rig.ask({ host: "late.example.com" });
    await held(rig, 1);
    await the.clock.advance(5000);
    expect((await late).status).toBe(403);
    await the.clock.advance(60_000);
    expect((await rig.ask({ host: "later.example.com" })).status).toBe(403);
  });

  it("counts that wait as part of the hold: a proxy's patience began when the request came", async () => {
    const the = await house({ settings: { unknownHosts: "deny" } });
    await using rig = the.rig;
    the.directory.settled = false;
    the.directory.set([]);
    const reply = rig.ask();
    await held(rig, 1);
    await the.clock.advance(4_000);
    the.directory.set([entryOf(the.blog)]);
    await held(rig, 1);
    await the.clock.advance(20_999);
    expect(rig.forwardAuth.held).toBe(1);
    await the.clock.advance(1);
    expect((await reply).status).toBe(503);
  });

  it("answers as soon as the engines are listed", async () => {
    const blog = new FakeTarget(targetSpec("blog"), READY);
    const directory = new FakeDirectory(blog);
    directory.settled = false;
    await using rig = await startRig(directory, { clock: new VirtualClock() });
    const reply = rig.ask({ host: "other.example.com" });
    await held(rig, 1);
    directory.settle();
    expect((await reply).status).toBe(200);
  });

  it("takes the target from the path of the call before the host", async () => {
    await using the = await house({ gate: READY });
    const ask = (at: string) => the.rig.ask({ at, host: "any.example.com" });
    expect((await ask("/api/authz/forward-auth/blog")).status).toBe(200);
    expect(the.blog.touches).toHaveLength(1);
    expect((await ask("/api/authz/forward-auth/nobody")).status).toBe(404);
    expect((await ask("/api/authz/forward-auth/nobody?x=1")).status).toBe(404);
  });

  it("reads nothing from the query, where Caddy puts the client's own", async () => {
    await using the = await house();
    const reply = await the.rig.ask({ at: "/api/authz/forward-auth?target=x&/../pass", headers: NAVIGATION });
    expect(reply.status).toBe(503);
  });

  it("answers 503 for a target that cannot be served, and keeps the reason for the operator", async () => {
    await using the = await house();
    the.directory.set([
      { name: "blog", routes: [route("blog.example.com")], unavailable: "Label wakegate.port is bad." },
    ]);
    const reply = await the.rig.ask({ headers: { accept: "text/plain" } });
    expect([reply.status, reply.headers["x-wakegate"]]).toEqual([503, "unavailable"]);
    expect(reply.body).not.toContain("wakegate.port");
  });

  it("holds a host that is known from before a restart until its engine was listed", async () => {
    const blog = new FakeTarget(targetSpec("blog"), READY);
    const directory = new FakeDirectory();
    const before = { name: "blog", routes: [route("blog.example.com")], unavailable: "not listed yet" };
    directory.set([before]);
    directory.settled = false;
    const clock = new VirtualClock();
    await using rig = await startRig(directory, { clock });
    const found = rig.ask();
    await held(rig, 1);
    directory.set([entryOf(blog)]);
    expect((await found).status).toBe(200);
    directory.set([before]);
    const never = rig.ask();
    await held(rig, 1);
    await clock.advance(5_000);
    expect((await never).status).toBe(503);
  });

  it("says which of two targets keeps a route that both claim", async () => {
    await using the = await house();
    const twin = new FakeTarget(targetSpec("another", { routes: [route("blog.example.com")] }));
    the.directory.set([entryOf(the.blog), entryOf(twin)]);
    expect(the.rig.logged.join("\n")).toContain(
      "is claimed by another and blog. another gets it: its name is first in the alphabet",
    );
  });
});

describe("smuggling", () => {
  it("refuses a peer that is not trusted", async () => {
    await using the = await house({ gate: READY, settings: { trustedProxies: ["10.0.0.0/8"] } });
    const reply = await the.rig.ask();
    expect([reply.status, reply.body]).toEqual([403, expect.stringContaining("trusted_proxies")]);
    await the.rig.ask();
    expect(the.rig.logged).toEqual([
      "peer_untrusted: 127.0.0.1 asks as a proxy and is refused with 403, because it is not in trusted_proxies. If it is your proxy, add its address there.",
    ]);
    expect(the.blog.touches).toHaveLength(0);
  });

  it("refuses missing, doubled and listed headers by name", async () => {
    await using the = await house({ gate: READY });
    const twice = await the.rig.ask({
      headers: { "x-forwarded-host": ["blog.example.com", "evil.example"] },
    });
    expect([twice.status, twice.body]).toEqual([
      400,
      expect.stringContaining("X-Forwarded-Host is there more than once"),
    ]);
    const list = await the.rig.ask({ host: "blog.example.com, evil.example" });
    expect([list.status, list.body]).toEqual([400, expect.stringContaining("X-Forwarded-Host is a list")]);
    const missing = await the.rig.ask({ headers: { "x-forwarded-uri": [] } });
    expect([missing.status, missing.body]).toEqual([
      400,
      expect.stringContaining("X-Forwarded-Uri is missing"),
    ]);
  });

  it("never reads Host", async () => {
    await using the = await house({ gate: READY, settings: { unknownHosts: "deny" } });
    const reply = await the.rig.ask({ host: "other.example.com", headers: { host: "blog.example.com" } });
    expect(reply.status).toBe(403);
  });

  it("takes 20 KB of cookies", async () => {
    await using the = await house({ gate: READY });
    expect((await the.rig.ask({ headers: { cookie: `a=${"x".repeat(20_000)}` } })).status).toBe(200);
  });

  it("never lets one of its own paths through", async () => {
    await using the = await house({ gate: READY });
    for (const uri of [
      "/.wakegate/status",
      "/.wakegate",
      "/x/../.wakegate/x",
      "/%2ewakegate/retry",
      "/.wakegate/",
    ]) {
      for (const host of ["blog.example.com", "unknown.example.com"]) {
        const reply = await the.rig.ask({ uri, host });
        expect(reply.status).toBeGreaterThanOrEqual(400);
        expect(reply.headers["x-wakegate"]).toBeDefined();
      }
    }
  });
});

describe("a monitor's question", () => {
  const MONITOR = { at: "/api/authz/monitor/blog", headers: { "user-agent": "Uptime-Kuma/1.23" } };

  it("tells asleep from failed by its status, and wakes nothing", async () => {
    await using the = await house();
    const asleep = await the.rig.ask(MONITOR);
    expect([asleep.status, asleep.headers["x-wakegate"], asleep.body]).toEqual([599, "napping", ""]);
    expect((await the.rig.ask({ ...MONITOR, method: "HEAD" })).status).toBe(599);
    expect(the.blog.wakes).toEqual([]);
    for (const gate of [
      { kind: "failed", until: the.clock.now() + 60_000, message: "" },
      { kind: "missing", why: "gone", message: "" },
      { kind: "coming", state: "waking" },
    ] satisfies Gate[]) {
      the.blog.set(gate);
      expect((await the.rig.ask(MONITOR)).status).toBe(503);
    }
    the.blog.set(READY);
    expect((await the.rig.ask(MONITOR)).status).toBe(200);
  });

  it("is 503 at the ordinary door, where Traefik would make nothing else of it", async () => {
    await using the = await house();
    expect((await the.rig.ask({ headers: MONITOR.headers })).status).toBe(503);
  });

  it("wakes as any other when its program is not known as one", async () => {
    await using the = await house();
    const reply = the.rig.ask({ ...MONITOR, headers: { "user-agent": "curl/8" } });
    await held(the.rig, 1);
    the.blog.set(READY);
    expect((await reply).status).toBe(200);
  });
});

describe("nginx", () => {
  it("hears only 204 and 401", async () => {
    await using the = await house({ gate: READY });
    const permit = (headers: Record<string, string>) =>
      the.rig.ask({ at: "/api/authz/auth-request", headers });
    const url = { "x-original-method": "GET", "x-original-url": "https://blog.example.com/" };
    expect((await permit(url)).status).toBe(204);
    expect((await permit({})).status).toBe(401);
    the.blog.set({ kind: "missing", why: "gone", message: "" });
    const denied = await permit(url);
    expect([denied.status, denied.headers["www-authenticate"]]).toEqual([401, undefined]);
    expect(
      (await permit({ ...url, "x-original-url": "https://blog.example.com/.wakegate/status" })).status,
    ).toBe(401);
  });

  it("holds a POST inside the permission, so that nothing is lost", async () => {
    await using the = await house();
    const reply = the.rig.askNginx({ method: "POST" });
    await held(the.rig, 1);
    the.blog.set(READY);
    expect((await reply).status).toBe(204);
  });

  it("shows a browser the page, and the API its 503", async () => {
    await using the = await house();
    const page = await the.rig.askNginx({ headers: NAVIGATION });
    expect([page.status, page.headers["content-type"]]).toEqual([503, "text/html; charset=utf-8"]);
    const api = the.rig.askNginx({ ...POST, at: "/api/authz/auth-request/blog" });
    await held(the.rig, 1);
    await the.clock.advance(25_000);
    expect(await api).toMatchObject({
      status: 503,
      headers: { "content-type": "application/problem+json; charset=utf-8" },
    });
  });

  it("sends everybody through the door again when the target became ready in between", async () => {
    await using the = await house({ gate: READY });
    const answer = (method: string, headers: Record<string, string> = {}) =>
      the.rig.ask({
        at: "/api/authz/page",
        headers: {
          "x-original-method": method,
          "x-original-url": "https://blog.example.com//a?b",
          ...headers,
        },
      });
    for (const method of ["GET", "POST"]) {
      const reply = await answer(method);
      expect([reply.status, reply.headers.location]).toEqual([307, "/a?b"]);
    }
    expect((await answer("OPTIONS", { "access-control-request-method": "PUT" })).status).toBe(503);
  });

  it("explains refusals behind the 401", async () => {
    await using the = await house({ settings: { unknownHosts: "deny" } });
    expect((await the.rig.askNginx({ host: "other.example.com" })).status).toBe(403);
    const bad = await the.rig.askNginx({ host: "a,b" });
    expect([bad.status, bad.body]).toEqual([400, expect.stringContaining("X-Original-URL is malformed")]);
  });
});
