import { describe, expect, it } from "vitest";
import { metricDefinitions } from "../../src/admin/metrics/definitions.ts";
import { adminRig } from "./admin-rig.ts";

describe("/metrics", () => {
  it("counts from the start, although the library is loaded by the first question", async () => {
    await using rig = await adminRig();
    await rig.call("/targets/blog/wake", { json: {} });
    await rig.until("blog", "ready");
    await rig.call("/targets/blog/sleep", { json: {} });
    await rig.until("blog", "napping");
    const { status, body, headers } = await rig.get("/metrics");
    expect(status).toBe(200);
    expect(headers["content-type"]).toContain("version=0.0.4");
    expect(body).toContain('wakegate_wakes_total{target="blog",outcome="ready"} 1');
    expect(body).toContain('wakegate_sleeps_total{target="blog",reason="operator"} 1');
    expect(body).toContain('wakegate_wake_duration_seconds_count{phase="total"} 1');
    expect(body).toContain('wakegate_engine_calls_total{engine="local",call="wake",outcome="ok"} 1');
    expect(body).toContain('wakegate_engine_up{engine="local"} 1');
    expect(body).toContain('wakegate_targets{state="asleep"} 1');
    expect(body).toContain("process_cpu_seconds_total");
    for (const name of Object.keys(metricDefinitions)) expect(body).toContain(`# TYPE ${name} `);
  });

  it("counts verdicts and failures, and says the same when asked twice", async () => {
    await using rig = await adminRig({
      setUp: (world) =>
        world.create("blog", {
          labels: { "wakegate.enable": "true", "wakegate.hosts": "blog.example.com" },
          behaviour: { failStart: "no such image" },
        }),
    });
    const asked = {
      "x-forwarded-method": "GET",
      "x-forwarded-host": "blog.example.com",
      "x-forwarded-uri": "/",
      accept: "application/json",
    };
    await rig.get("/api/authz/forward-auth", asked);
    await rig.until("blog", "error");
    const first = (await rig.get("/metrics")).body;
    const { body } = await rig.get("/metrics");
    for (const text of [first, body]) {
      expect(text).toContain('wakegate_verdicts_total{verdict="hold"} 1');
      expect(text).toContain('wakegate_wake_failures_total{reason="start_failed"} 1');
      expect(text).toContain('outcome="engine_failed"} 1');
    }
    expect(body).not.toContain("blog.example.com");
  });

  it("asks for a token where that is configured", async () => {
    const env = { WAKEGATE_API_TOKEN: "a-token-long-enough", WAKEGATE_API_METRICS: "token" };
    await using rig = await adminRig({ env });
    expect((await rig.anonymous.get("/metrics")).status).toBe(401);
    expect((await rig.get("/metrics", { authorization: "Bearer a-token-long-enough" })).status).toBe(200);
  });
});
