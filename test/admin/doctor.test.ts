import { describe, expect, it } from "vitest";
import { reportSchema } from "../../src/doctor/report-schema.ts";
import { adminRig, labelled } from "./admin-rig.ts";

const LABELS = {
  "traefik.http.routers.x.middlewares": "gone@docker",
  "traefik.http.middlewares.y.basicauth.users": "ada:secret-label-value",
};

/** Without hosts there is no proxy to look for. */
const setUp: Parameters<typeof adminRig>[0] = {
  setUp: (world) => void world.create("blog", { labels: labelled(LABELS) }),
};

describe("the doctor by API and dashboard", () => {
  it("examines, keeps what it found for the page, and wakes nothing", async () => {
    await using rig = await adminRig(setUp);
    const page = await rig.get("/ui/doctor");
    expect(page.status).toBe(200);
    expect(page.body).toContain("Engine local answers and lists 1 container.");
    const { status, json, body } = await rig.call("/doctor", { json: {} });
    expect(status).toBe(200);
    const report = reportSchema.parse(json);
    expect(report.findings.map(({ id }) => id)).toContain("state");
    expect(body).not.toContain("secret-label-value");
    expect(rig.world.calls).toEqual([]);
  });

  it("is run by admins alone, for an address that is one", async () => {
    const env = { WAKEGATE_API_TOKEN: "read:a-token-long-enough" };
    await using rig = await adminRig({ ...setUp, env });
    const headers = { authorization: "Bearer a-token-long-enough" };
    expect((await rig.call("/doctor", { json: {}, headers })).status).toBe(403);
    await using own = await adminRig(setUp);
    const bad = await own.call("/doctor", { json: { proxy: "http://proxy/path" } });
    expect(bad).toMatchObject({ status: 400, json: { error: "body_invalid" } });
    expect(bad.json["detail"]).toContain("expected the proxy's address");
  });
});
