import { describe, expect, it } from "vitest";
import { probeHeaders } from "../../src/forward-auth/probes.ts";
import { fetchRaw, startRig } from "../http/rig.ts";
import { FakeDirectory, FakeTarget, targetSpec } from "../support/fake-target.ts";

describe("a probe of the doctor's", () => {
  it("is noted with what the proxy says, wakes nothing, and is never let through", async () => {
    const blog = new FakeTarget(targetSpec("blog"), { kind: "asleep" });
    await using rig = await startRig(new FakeDirectory(blog));
    using session = rig.forwardAuth.probes.open();
    const reply = await rig.ask({ headers: probeHeaders(session.secret("blog")) });
    expect(reply).toMatchObject({ status: 403, headers: { "x-wakegate": "probe" } });
    expect(session.arrivals).toMatchObject([
      {
        probe: "blog",
        door: "authz",
        trusted: true,
        at: { role: "verdict" },
        facts: { host: "blog.example.com", path: "/" },
      },
    ]);
    expect(blog.wakes).toEqual([]);
    expect(blog.touches).toEqual([]);
  });

  it("is known by its user agent where the proxy passes on no other header", async () => {
    const blog = new FakeTarget(targetSpec("blog"), { kind: "ready" });
    await using rig = await startRig(new FakeDirectory(blog));
    using session = rig.forwardAuth.probes.open();
    const { "User-Agent": agent } = probeHeaders(session.secret("blog"));
    expect((await rig.askNginx({ headers: { "User-Agent": agent } })).status).toBe(403);
    expect(session.arrivals.map((arrival) => arrival.door === "authz" && arrival.at.role)).toEqual([
      "permit",
      "answer",
    ]);
    expect(blog.touches).toEqual([]);
  });

  it("is noted before trust, and at addresses that are none of ours", async () => {
    const blog = new FakeTarget(targetSpec("blog"));
    await using rig = await startRig(new FakeDirectory(blog), { settings: { trustedProxies: ["10.9.9.9"] } });
    using session = rig.forwardAuth.probes.open();
    const headers = probeHeaders(session.secret("blog"));
    await rig.ask({ headers });
    expect((await rig.ask({ headers, at: "/api/authz/forwardauth" })).status).toBe(404);
    expect((await rig.ask({ headers, at: "/auth" })).status).toBe(404);
    const open = await fetchRaw(rig.public, "/.wakegate/events", { headers });
    expect(open).toMatchObject({ status: 403, headers: { "x-wakegate": "probe" } });
    expect(
      session.arrivals.map((arrival) => (arrival.door === "authz" ? arrival.trusted : arrival)),
    ).toMatchObject([
      false,
      { door: "internal", path: "/api/authz/forwardauth" },
      { door: "internal", path: "/auth" },
      { door: "public", path: "/.wakegate/events" },
    ]);
  });

  it("is a request as any other with a secret that is wrong or over", async () => {
    const blog = new FakeTarget(targetSpec("blog"), { kind: "ready" });
    await using rig = await startRig(new FakeDirectory(blog));
    const over = rig.forwardAuth.probes.open();
    const headers = probeHeaders(over.secret("blog"));
    over[Symbol.dispose]();
    expect((await rig.ask({ headers })).status).toBe(200);
    using session = rig.forwardAuth.probes.open();
    expect((await rig.ask({ headers })).status).toBe(200);
    expect(session.arrivals).toEqual([]);
    expect(blog.touches).toHaveLength(2);
  });
});
