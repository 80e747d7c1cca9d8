import { describe, expect, it } from "vitest";
import { targetSchema } from "../../src/admin/api/schemas.ts";
import { adminRig, labelled, type AdminRig } from "./admin-rig.ts";

const GIB = 2 ** 30;
const POOLS = [
  { name: "gpu0", maxAwake: 1, defaultCostBytes: GIB, yieldAfterMs: 0 },
  { name: "ram", budgetBytes: 8 * GIB, defaultCostBytes: GIB, yieldAfterMs: 0 },
];

/** One in use on the only card, two that wait for it. */
async function waiting(): Promise<AdminRig> {
  const rig = await adminRig({
    pools: POOLS,
    records: { blog: { memoryBytes: 2 * GIB } },
    setUp: (world) => {
      for (const name of ["blog", "shop", "wiki"])
        world.create(name, {
          labels: labelled({
            "wakegate.pools": "gpu0,ram",
            ...(name === "shop" && { "wakegate.cost": "3GiB" }),
          }),
          status: "exited",
        });
    },
  });
  await rig.call("/leases", { json: { target: "blog", reason: "a film", ttl: "1h" } });
  await rig.until("blog", "ready");
  for (const name of ["shop", "wiki"]) await rig.call(`/targets/${name}/wake`, { json: {} });
  return rig;
}

describe("pools", () => {
  it("tell by the API what is taken, by whom, what each costs, and who waits", async () => {
    await using rig = await waiting();
    const { json } = await rig.call("/pools");
    expect(json).toEqual({
      pools: [
        {
          name: "gpu0",
          maxAwake: 1,
          awake: 1,
          usedBytes: 2 * GIB,
          waiting: ["shop", "wiki"],
          members: [
            { name: "blog", displayName: "blog", holds: "awake", costBytes: 2 * GIB, costFrom: "measured" },
            { name: "shop", displayName: "shop", costBytes: 3 * GIB, costFrom: "declared" },
            { name: "wiki", displayName: "wiki", costBytes: GIB, costFrom: "default" },
          ],
        },
        expect.objectContaining({ name: "ram", budgetBytes: 8 * GIB, awake: 1, usedBytes: 2 * GIB }),
      ],
    });
    const wiki = targetSchema.parse((await rig.call("/targets/wiki")).json);
    expect(wiki).toMatchObject({
      state: "waking",
      pools: ["gpu0", "ram"],
      progress: { phase: "room", room: { before: 1, pools: ["gpu0"], yields: [] } },
      summary: { fact: "Waits for room in gpu0" },
    });
    expect(wiki.summary.more).toContain("1 before it");
  });

  it("are measured, by labels that are bounded by the configuration", async () => {
    await using rig = await waiting();
    const before = (await rig.get("/metrics")).body;
    expect(before).toContain('wakegate_pool_awake{pool="gpu0"} 1');
    expect(before).toContain('wakegate_pool_max_awake{pool="gpu0"} 1');
    expect(before).toContain('wakegate_pool_waiting{pool="gpu0"} 2');
    expect(before).toContain(`wakegate_pool_budget_bytes{pool="ram"} ${String(8 * GIB)}`);
    expect(before).not.toContain('wakegate_pool_budget_bytes{pool="gpu0"}');
  });

  it("are on the dashboard, with who waits for them, and on the target's page", async () => {
    await using rig = await waiting();
    const list = (await rig.get("/ui/")).body;
    expect(list).toContain("1 of 1 awake");
    expect(list.replaceAll(/\s+/g, " ")).toContain("shop, wiki wait for room");
    expect((await rig.get("/ui/target/blog")).body).toContain("pools gpu0, ram");
  });

  it("leave no trace where there are none", async () => {
    await using rig = await adminRig();
    expect((await rig.call("/pools")).json).toEqual({ pools: [] });
    expect((await rig.get("/ui/")).body).not.toContain("Pools");
  });
});
