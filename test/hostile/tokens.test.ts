import { describe, expect, it } from "vitest";
import { createSessions } from "../../src/admin/auth/sessions.ts";
import { hashToken } from "../../src/config/schema/api.ts";
import { createTokenSigner } from "../../src/forward-auth/tokens.ts";
import { fetchRaw, startRig } from "../http/rig.ts";
import { FakeDirectory, FakeTarget, targetSpec } from "../support/fake-target.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const KEY = new Uint8Array(32).fill(7);
const WEEK_MS = 7 * 86_400_000;

describe("a page's token in other hands", () => {
  it("tells of its own target alone, at whatever host it is shown", async () => {
    const blog = new FakeTarget(targetSpec("blog"));
    const wiki = new FakeTarget(targetSpec("wiki"), { kind: "ready" });
    const clock = new VirtualClock();
    await using rig = await startRig(new FakeDirectory(blog, wiki), { clock });
    const token = createTokenSigner(KEY, clock).issue({ target: "blog", mayWake: true });
    for (const host of ["blog.example.com", "wiki.example.com"]) {
      const reply = await rig.ask({ host, uri: `/.wakegate/status?token=${token}&target=wiki` });
      expect([reply.status, (JSON.parse(reply.body) as { state: string }).state]).toEqual([503, "napping"]);
    }
  });

  it("replayed, wakes nothing, and retries no more often than anybody may", async () => {
    const blog = new FakeTarget(targetSpec("blog"));
    const clock = new VirtualClock();
    await using rig = await startRig(new FakeDirectory(blog), { clock });
    const token = createTokenSigner(KEY, clock).issue({ target: "blog", mayWake: true });
    for (let i = 0; i < 5; i++) {
      await fetchRaw(rig.public, `/.wakegate/status?token=${token}`);
      await fetchRaw(rig.public, `/.wakegate/retry?token=${token}`, { method: "POST" });
    }
    expect([blog.wakes, blog.retries]).toEqual([[], []]);
    for (let i = 0; i < 5; i++) {
      blog.set({ kind: "failed", until: 9e15, message: "exit code 1" });
      await fetchRaw(rig.public, `/.wakegate/retry?token=${token}`, { method: "POST" });
    }
    expect(blog.retries).toHaveLength(1);
  });

  it("expires, everywhere", async () => {
    const blog = new FakeTarget(targetSpec("blog"));
    const clock = new VirtualClock();
    await using rig = await startRig(new FakeDirectory(blog), { clock });
    const token = createTokenSigner(KEY, clock).issue({ target: "blog", mayWake: true });
    await clock.advance(WEEK_MS);
    for (const [method, name] of [
      ["GET", "status"],
      ["GET", "events"],
      ["GET", "page"],
      ["POST", "retry"],
    ] as const) {
      const reply = await fetchRaw(rig.public, `/.wakegate/${name}?token=${token}`, { method });
      expect([name, reply.status]).toEqual([name, 403]);
      expect((await rig.ask({ method, uri: `/.wakegate/${name}?token=${token}` })).status).toBe(403);
    }
  });

  it("is no cookie of the dashboard, and a cookie is no page's token", () => {
    const clock = new VirtualClock();
    const signer = createTokenSigner(KEY, clock);
    const sessions = createSessions(KEY, clock);
    const admin = { hash: hashToken("a-token-long-enough"), access: "admin" } as const;
    expect(sessions.read(signer.issue({ target: "blog", mayWake: true }), [admin])).toBeUndefined();
    expect(signer.verify(sessions.make(admin)).kind).toBe("invalid");
  });
});

describe("a dashboard's cookie in other hands", () => {
  it("ends with its time, with its token, and with a single changed character", async () => {
    const clock = new VirtualClock();
    const sessions = createSessions(KEY, clock);
    const admin = { hash: hashToken("a-token-long-enough"), access: "admin" } as const;
    const other = { hash: hashToken("another-long-token"), access: "admin" } as const;
    const cookie = sessions.make(admin);
    expect(sessions.read(cookie, [other, admin])).toBe(admin);
    expect(sessions.read(cookie, [other])).toBeUndefined();
    for (let at = 0; at < cookie.length; at++) {
      const bent = `${cookie.slice(0, at)}${cookie[at] === "A" ? "B" : "A"}${cookie.slice(at + 1)}`;
      // The last character carries spare bits: another spelling of the same signature is the same signature.
      if (at < cookie.length - 1) expect(sessions.read(bent, [admin])).toBeUndefined();
    }
    await clock.advance(sessions.maxAgeS * 1_000 + 1);
    expect(sessions.read(cookie, [admin])).toBeUndefined();
  });
});
