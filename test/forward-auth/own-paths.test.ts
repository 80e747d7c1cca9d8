import { describe, expect, it, vi } from "vitest";
import type { TargetSpec } from "../../src/config/model.ts";
import { createTokenSigner, type TokenClaims } from "../../src/forward-auth/tokens.ts";
import type { Gate } from "../../src/watchers/handle.ts";
import {
  fetchRaw,
  NAVIGATION,
  startRig,
  talk,
  type RawRequest,
  type Reply,
  type Rig,
  type RigOptions,
} from "../http/rig.ts";
import { FakeDirectory, FakeTarget, targetSpec } from "../support/fake-target.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

interface House extends AsyncDisposable {
  readonly rig: Rig;
  readonly blog: FakeTarget;
  readonly directory: FakeDirectory;
  readonly clock: VirtualClock;
  token(claims?: Partial<TokenClaims>): string;
  visit(path: string, options?: RawRequest): Promise<Reply>;
}

async function house(the: { spec?: Partial<TargetSpec>; gate?: Gate } & RigOptions = {}): Promise<House> {
  const blog = new FakeTarget(targetSpec("blog", the.spec), the.gate);
  const directory = new FakeDirectory(blog);
  const clock = new VirtualClock();
  const rig = await startRig(directory, { clock, ...the });
  const signer = createTokenSigner(new Uint8Array(32).fill(7), clock);
  return {
    rig,
    blog,
    directory,
    clock,
    token: (claims = {}) => signer.issue({ target: "blog", mayWake: true, ...claims }),
    visit: (path, options) => fetchRaw(rig.public, path, options),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

/** Until it holds: connections take their time on a busy machine. */
function soon(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 20_000, interval: 2 });
}

function json(reply: Reply): Record<string, unknown> {
  return JSON.parse(reply.body) as Record<string, unknown>;
}

const FAILED: Gate = { kind: "failed", until: 9e15, message: "exit code 137" };

describe("status", () => {
  it("tells state, events and a renewed token: 200 on the public listener, 503 in-band", async () => {
    await using the = await house();
    the.blog.emit({ type: "starting", etaMs: 5000, message: "Starting container blog-1" });
    const uri = `/.wakegate/status?token=${the.token()}`;
    const reply = await the.visit(uri);
    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({ "cache-control": "no-store", "x-wakegate": "napping" });
    const body = json(reply);
    expect(body).toMatchObject({
      state: "napping",
      events: [{ type: "starting", timestamp: "2023-11-14T22:13:20.000Z", target: "blog", etaMs: 5000 }],
      view: { scene: "waking" },
    });
    expect(reply.body).not.toContain("blog-1");
    const again = await the.visit(`/.wakegate/status?token=${String(body["token"])}`);
    expect(again.status).toBe(200);
    const inBand = await the.rig.ask({ uri });
    expect([inBand.status, json(inBand)["state"]]).toEqual([503, "napping"]);
    the.blog.set({ kind: "ready" });
    expect((await the.rig.ask({ uri })).status).toBe(503);
    expect(the.blog.wakes).toEqual([]);
    expect(the.blog.touches).toEqual([]);
  });

  it("waits for news when there is none, up to 20 s", async () => {
    await using the = await house();
    the.blog.emit({ type: "starting" });
    const since = String(json(await the.visit(`/.wakegate/status?token=${the.token()}`))["lastEventId"]);
    const uri = `/.wakegate/status?token=${the.token()}&since=${since}`;
    const news = the.visit(uri);
    await soon(() => expect(the.blog.followers).toBe(1));
    the.blog.emit({ type: "container_woke" });
    expect(json(await news)["events"]).toMatchObject([{ type: "container_woke" }]);
    const last = String(json(await the.visit(uri))["lastEventId"]);
    const quiet = the.rig.ask({ uri: `/.wakegate/status?token=${the.token()}&since=${last}` });
    await soon(() => expect(the.blog.followers).toBe(1));
    await the.clock.advance(20_000);
    expect(json(await quiet)["events"]).toEqual([]);
    expect([the.blog.followers, the.clock.pending]).toEqual([0, 0]);
  });

  it("tells the whole wake to one who knows another process's events", async () => {
    await using the = await house();
    the.blog.emit({ type: "starting" });
    const reply = await the.visit(`/.wakegate/status?token=${the.token()}&since=abc.1`);
    expect(json(reply)["events"]).toHaveLength(1);
  });

  it("refuses tokens that are missing, forged, expired or of nobody", async () => {
    await using the = await house();
    for (const token of ["", "junk", `${the.token()}A`]) {
      const reply = await the.visit(`/.wakegate/status?token=${token}`);
      expect([reply.status, json(reply)["error"]]).toEqual([403, "token"]);
      expect((await the.rig.ask({ uri: `/.wakegate/status?token=${token}` })).status).toBe(403);
    }
    const old = the.token();
    expect((await the.visit(`/.wakegate/status?token=${the.token({ target: "gone" })}`)).status).toBe(503);
    await the.clock.advance(3_600_001);
    expect(json(await the.visit(`/.wakegate/status?token=${old}`))["error"]).toBe("token");
  });

  it("shows details only where they are allowed", async () => {
    const failure = {
      reason: "exited",
      message: "exit code 3",
      exitCode: 3,
      at: 1,
      tries: 1,
      log: ["secret"],
    } as const;
    for (const details of [false, true]) {
      await using the = await house({ gate: FAILED, spec: { page: { details, logs: false, footer: true } } });
      the.blog.progressChanges = { failure };
      the.blog.emit({ type: "error", message: "db failed", error: "exit code 3", dependency: "db" });
      const { body } = await the.visit(`/.wakegate/status?token=${the.token()}`);
      expect(body.includes("exit code 3")).toBe(details);
      expect(body.includes('"db"')).toBe(details);
      expect(body).not.toContain("secret");
    }
  });

  it("keeps telling a visitor who may not wake it that it sleeps, also when somebody else's wake failed", async () => {
    await using the = await house({ gate: FAILED });
    const mayNotWake = { kind: "rule", rule: "prefetch" } as const;
    const closed = the.token({ mayWake: false, mayNotWake });
    const first = json(await the.visit(`/.wakegate/status?token=${closed}`));
    expect(first["view"]).toMatchObject({ scene: "closed" });
    const renewed = String(first["token"]);
    the.blog.set({ kind: "coming", state: "waking" });
    expect(json(await the.visit(`/.wakegate/status?token=${renewed}`))["view"]).toMatchObject({
      scene: "waking",
    });
  });

  it("works through nginx", async () => {
    await using the = await house();
    const reply = await the.rig.askNginx({ uri: `/.wakegate/status?token=${the.token()}` });
    expect([reply.status, json(reply)["state"]]).toEqual([503, "napping"]);
  });
});

describe("events", () => {
  const stream = (the: House, until: RegExp, more = ""): Promise<string> =>
    talk(
      the.rig.public,
      `GET /.wakegate/events?token=${the.token()} HTTP/1.1\r\nHost: x\r\n${more}\r\n`,
      until,
    );

  it("replays the wake, then tells each event as it happens", async () => {
    await using the = await house();
    the.blog.emit({ type: "starting" });
    const heard = stream(the, /"ready"/);
    await soon(() => expect(the.rig.forwardAuth.streams).toBe(1));
    expect(the.blog.followers).toBe(1);
    await the.clock.advance(15_000);
    the.blog.emit({ type: "ready", elapsedMs: 900 });
    const text = await heard;
    expect(text).toMatch(/^HTTP\/1.1 200 OK/);
    expect(text).toContain("text/event-stream");
    expect(text).toMatch(/retry: 2000\n\n/);
    expect(text).toMatch(/\nid: \w+\.1\ndata: {"type":"starting"/);
    expect(text).toMatch(/\n:\n\n/);
    expect(text).toMatch(
      /id: \w+\.2\ndata: {"type":"ready","message":"The app is awake","timestamp":"[^"]+","target":"blog","elapsedMs":900}/,
    );
    await soon(() => expect(the.rig.forwardAuth.streams).toBe(0));
    expect([the.blog.followers, the.blog.events.size, the.clock.pending]).toEqual([0, 0, 0]);
  });

  it("goes on after Last-Event-ID", async () => {
    await using the = await house();
    the.blog.emit({ type: "starting" });
    const first = await stream(the, /starting/);
    const id = /id: (\S+)/.exec(first)?.[1] ?? "";
    the.blog.emit({ type: "container_woke" });
    const second = await stream(the, /container_woke/, `Last-Event-ID: ${id}\r\n`);
    expect(second).not.toContain('"starting"');
    const unknown = await stream(the, /container_woke/, "Last-Event-ID: 12345\r\n");
    expect(unknown).toContain('"starting"');
  });

  it("has a cap, and is not there in-band", async () => {
    await using the = await house({ settings: { limits: { holdsPerTarget: 9, holds: 9, streams: 1 } } });
    const first = stream(the, /\r\n0\r\n\r\n$/);
    await soon(() => expect(the.rig.forwardAuth.streams).toBe(1));
    expect((await the.visit(`/.wakegate/events?token=${the.token()}`)).status).toBe(503);
    expect((await the.rig.ask({ uri: `/.wakegate/events?token=${the.token()}` })).status).toBe(503);
    the.directory.set([]);
    expect(await first).toContain("retry:");
  });

  it("ends with the service", async () => {
    const the = await house();
    const heard = stream(the, /never/);
    await soon(() => expect(the.rig.forwardAuth.streams).toBe(1));
    await the[Symbol.asyncDispose]();
    expect(await heard).toMatch(/0\r\n\r\n$/);
  });
});

describe("retry", () => {
  it("ends a cool-down, once in five seconds", async () => {
    await using the = await house({ gate: FAILED });
    const uri = `/.wakegate/retry?token=${the.token()}`;
    const first = await the.visit(uri, { method: "POST" });
    expect([first.status, json(first)["accepted"]]).toEqual([202, true]);
    expect(the.blog.retries).toMatchObject([{ by: "retry" }]);
    the.blog.set(FAILED);
    const second = await the.visit(uri, { method: "POST" });
    expect([second.status, second.headers["retry-after"]]).toEqual([429, "5"]);
    await the.clock.advance(5000);
    expect((await the.rig.ask({ uri, method: "POST" })).status).toBe(503);
    expect(the.blog.retries).toHaveLength(2);
  });

  it("takes the token from a form or from JSON, and leads a form back", async () => {
    await using the = await house({ gate: FAILED });
    const form = await the.visit("/.wakegate/retry?return=%2F%2Fevil.example%2Fx", {
      method: "POST",
      headers: { ...NAVIGATION, "content-type": "application/x-www-form-urlencoded" },
      body: `token=${the.token()}`,
    });
    expect([form.status, form.headers.location]).toEqual([303, "/evil.example/x"]);
    const script = await the.visit("/.wakegate/retry", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: the.token() }),
    });
    expect(script.status).toBe(202);
    const inBand = await the.rig.ask({
      uri: `/.wakegate/retry?token=${the.token()}&return=%2Fa%3Fb`,
      method: "POST",
      headers: NAVIGATION,
    });
    expect([inBand.status, inBand.headers.location]).toEqual([303, "https://blog.example.com/a?b"]);
  });

  it("wakes nothing that sleeps, and nothing for one who may not wake", async () => {
    await using the = await house();
    const post = (claims: Partial<TokenClaims>) =>
      the.visit(`/.wakegate/retry?token=${the.token(claims)}`, { method: "POST" });
    expect(json(await post({}))["accepted"]).toBe(false);
    the.blog.set(FAILED);
    expect(json(await post({ mayWake: false }))["accepted"]).toBe(false);
    expect([the.blog.retries, the.blog.wakes]).toEqual([[], []]);
    expect((await the.visit(`/.wakegate/retry?token=${the.token()}`)).status).toBe(405);
  });
});

describe("the page on a host of its own", () => {
  it("shows the wake with 200 and leads back when the target is ready", async () => {
    await using the = await house();
    const returnTo = "https://blog.example.com/deep";
    const uri = `/.wakegate/page?token=${the.token({ returnTo })}`;
    const page = await the.visit(uri, { headers: NAVIGATION });
    expect([page.status, page.headers["x-wakegate"]]).toEqual([200, "waking"]);
    expect(the.blog.wakes).toHaveLength(1);
    the.blog.set({ kind: "ready" });
    const back = await the.visit(uri, { headers: NAVIGATION });
    expect([back.status, back.headers.location, back.headers["x-wakegate"]]).toEqual([
      302,
      returnTo,
      undefined,
    ]);
    await the.clock.advance(3_600_001);
    expect((await the.visit(uri)).headers.location).toBe(returnTo);
  });

  it("has nothing else", async () => {
    await using the = await house();
    for (const path of [
      "/",
      "/.wakegate/",
      "/.wakegate/x",
      "/healthz",
      "/api/authz/forward-auth",
      "/.wakegate/../x",
    ]) {
      expect((await the.visit(path)).status).toBe(404);
    }
  });
});
