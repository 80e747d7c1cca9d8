import { describe, expect, it } from "vitest";
import { targetSchema } from "../../src/admin/api/schemas.ts";
import { adminRig, labelled } from "./admin-rig.ts";

describe("the API", () => {
  it("lists targets without a word of their labels", async () => {
    await using rig = await adminRig();
    const { status, json, body } = await rig.call("/targets");
    expect(status).toBe(200);
    const targets = json["targets"] as unknown[];
    expect(targetSchema.parse(targets[0])).toMatchObject({
      name: "blog",
      state: "asleep",
      hosts: ["blog.example.com"],
      summary: { fact: "Never woken" },
    });
    expect(body).not.toContain("secret-label-value");
  });

  it("wakes, tells why it is awake, and puts to sleep", async () => {
    await using rig = await adminRig();
    const woken = await rig.call("/targets/blog/wake", { json: {} });
    expect(woken.status).toBe(202);
    await rig.until("blog", "ready");
    const why = await rig.call("/why/blog");
    expect(why.json).toMatchObject({
      state: "awake",
      wakes: [{ outcome: "ready", cause: { by: "operator" } }],
    });
    expect((await rig.call("/targets/blog/sleep", { json: {} })).status).toBe(202);
    await rig.until("blog", "napping");
    expect(rig.world.calls).toEqual(["start blog", "stop blog"]);
  });

  it("refuses to put to sleep what is in use, with the evidence, unless forced", async () => {
    await using rig = await adminRig();
    const lease = await rig.call("/leases", { json: { target: "blog", reason: "backup", ttl: "30s" } });
    expect(lease.status).toBe(201);
    await rig.until("blog", "ready");
    const refused = await rig.call("/targets/blog/sleep", { json: {} });
    expect(refused.status).toBe(409);
    expect(refused.headers["content-type"]).toContain("application/problem+json");
    expect(refused.json).toMatchObject({
      error: "in_use",
      evidence: [{ source: "lease", holding: true, detail: "backup" }],
    });
    expect((await rig.call("/targets/blog/sleep", { json: { force: true } })).status).toBe(202);
    await rig.until("blog", "napping");
  });

  it("never puts to sleep what the look finds in use after the answer", async () => {
    await using rig = await adminRig();
    await rig.call("/targets/blog/wake", { json: {} });
    await rig.until("blog", "ready");
    // A download: no request passes, but bytes flow. The first questions say nothing of it.
    rig.world.behaviour.set("blog", { traffic: 5_000_000 });
    expect((await rig.call("/targets/blog/sleep", { json: {} })).status).toBe(202);
    await expect.poll(() => rig.log.of("last_look")).toContain("blog is in use");
    expect(rig.world.calls).toEqual(["start blog"]);
  });

  it("refuses a sleep of what is never put to sleep, and in a dry run, unless forced", async () => {
    await using rig = await adminRig({
      setUp: (world) => world.create("blog", { labels: labelled({ "wakegate.dry_run": "true" }) }),
    });
    await rig.call("/targets/blog/wake", { json: {} });
    await rig.until("blog", "ready");
    const refused = await rig.call("/targets/blog/sleep", { json: {} });
    expect([refused.status, refused.json["error"]]).toEqual([409, "dry_run"]);
    expect((await rig.call("/targets/blog/sleep", { json: { force: true } })).status).toBe(202);
    await rig.until("blog", "napping");
  });

  it("ends a lease that is not renewed, and on demand", async () => {
    await using rig = await adminRig();
    const made = await rig.call("/leases", { json: { target: "blog", ttl: "1s" } });
    const id = String(made.json["id"]);
    await rig.until("blog", "ready");
    const leases = async (): Promise<unknown> => (await rig.call("/targets/blog")).json["leases"];
    expect((await rig.call(`/leases/${id}/renew`, { json: {} })).status).toBe(200);
    expect(await leases()).toHaveLength(1);
    const ended = await rig.call(`/leases/${id}`, {
      method: "DELETE",
      headers: { "x-wakegate-request": "1" },
    });
    expect(ended.status).toBe(204);
    expect(await leases()).toEqual([]);
    await rig.call("/leases", { json: { target: "blog", ttl: "1s" } });
    expect(await leases()).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await leases()).toEqual([]);
    expect((await rig.call(`/leases/${id}/renew`, { json: {} })).status).toBe(404);
  });

  it("keeps awake and keeps asleep on demand", async () => {
    await using rig = await adminRig();
    const pinned = await rig.call("/targets/blog/pin", { json: { for: "2h", reason: "film night" } });
    expect(pinned.json).toMatchObject({ pin: { by: "this host", reason: "film night" } });
    await rig.until("blog", "ready");
    const status = await rig.call("/targets/blog");
    expect(status.json).toMatchObject({ inUse: true, summary: { next: "awake" } });
    expect((await rig.call("/targets/blog/sleep", { json: {} })).status).toBe(409);
    expect((await rig.call("/targets/blog/unpin", { json: {} })).json["pin"]).toBeUndefined();
    await rig.call("/targets/blog/sleep", { json: {} });
    await rig.until("blog", "napping");
    const held = await rig.call("/targets/blog/hold", { json: { reason: "backup" } });
    expect(held.json).toMatchObject({ state: "closed", summary: { fact: "Kept asleep: backup" } });
    await rig.call("/targets/blog/release", { json: {} });
    expect((await rig.call("/targets/blog")).json["state"]).toBe("asleep");
  });

  it("says what is wrong with a body, a name and a call", async () => {
    await using rig = await adminRig();
    expect((await rig.call("/targets/nobody")).json).toMatchObject({ error: "no_such_target" });
    expect((await rig.call("/nothing")).json).toMatchObject({ error: "no_such_call" });
    const bad = await rig.call("/targets/blog/sleep", { json: { forced: true } });
    expect(bad.status).toBe(400);
    expect(bad.json["detail"]).toContain("forced");
  });

  it("streams events with replay", async () => {
    await using rig = await adminRig();
    await rig.call("/targets/blog/wake", { json: {} });
    await rig.until("blog", "ready");
    const kept = await rig.call("/events?format=json");
    const events = kept.json["events"] as { id: string; type: string; message: string }[];
    expect(events.map(({ type }) => type)).toEqual(["woken", "starting", "probing", "ready"]);
    const first = await open(`${rig.url}/api/v1/events`, {
      authorization: `Bearer ${rig.token}`,
      "last-event-id": events[1]?.id ?? "",
    });
    expect(first.match(/"type":"(\w+)"/g)).toEqual(['"type":"probing"', '"type":"ready"']);
  });

  it("serves its own description, the configuration check and a snapshot", async () => {
    await using rig = await adminRig({
      setUp: (world) => {
        world.create("blog", { labels: labelled() });
        world.create("odd", { labels: labelled({ "wakegate.idle_timeout": "15 bananas of-a-secret" }) });
      },
    });
    const document = await rig.call("/openapi.json");
    expect(Object.keys(document.json["paths"] as object)).toContain("/targets/{name}/sleep");
    const check = await rig.call("/check");
    expect(check.json).toMatchObject({ ok: false, problems: [{ severity: "error" }] });
    expect(check.body).not.toContain("of-a-secret");
    const debug = await rig.call("/debug");
    expect(debug.json).toMatchObject({ settled: true, targets: [{ name: "blog", state: "napping" }] });
    expect(debug.body).not.toContain("secret-label-value");
    expect((await rig.call("/reload", { json: {} })).status).toBe(501);
  });
});

/** The first chunks of a stream. */
async function open(url: string, headers: Record<string, string>): Promise<string> {
  const stop = new AbortController();
  const response = await fetch(url, { headers, signal: stop.signal });
  const reader = response.body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  stop.abort();
  return Buffer.from(value ?? []).toString();
}
