import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffSettings } from "../../src/config/reload.ts";
import { formatSize, parseSize } from "../../src/config/values/size.ts";
import {
  container,
  ENABLE,
  line,
  loadText,
  messageFor,
  read,
  settingsOf,
  specOf,
  told,
  valueOf,
} from "./support.ts";
import { readLabels } from "../../src/config/labels.ts";

const GIB = 2 ** 30;
const POOLS = "pools: { previews: { max_awake: 12 }, gpu0: { max_awake: 1 }, ram: { budget: 16GiB } }\n";

describe("parseSize", () => {
  it("takes binary and decimal units, in any case and with a space", () => {
    expect(valueOf(parseSize("16GiB"))).toBe(16 * GIB);
    expect(valueOf(parseSize("512 mib"))).toBe(512 * 2 ** 20);
    expect(valueOf(parseSize("1.5GB"))).toBe(1_500_000_000);
  });

  it("wants a unit that says what it means, and says how to write it", () => {
    expect(messageFor(parseSize("16"))).toContain("16GiB or 16MiB");
    expect(messageFor(parseSize("16g"))).toContain("write 16GiB");
    expect(messageFor(parseSize("-1GiB"))).toContain("cannot be negative");
    expect(messageFor(parseSize("0MiB"))).toContain("above zero");
    expect(messageFor(parseSize("9000TiB"))).toContain("at most");
    expect(messageFor(parseSize("much"))).toContain("units KiB");
  });

  it("is read back within the digits that are shown", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1024, max: 2 ** 50 }), (bytes) => {
        const again = valueOf(parseSize(formatSize(bytes)));
        expect(Math.abs(Number(again) - bytes) / bytes).toBeLessThan(0.06);
      }),
    );
    expect(formatSize(16 * GIB)).toBe("16 GiB");
    expect(formatSize(1.5 * GIB)).toBe("1.5 GiB");
    expect(formatSize(100)).toBe("100 B");
  });
});

describe("pools", () => {
  it("limit how many are awake, what they cost together, or both", async () => {
    const { pools } = settingsOf(
      await loadText(
        "pools: { gpu0: { max_awake: 1, yield_after: 1m }, ram: { budget: 16GiB, default_cost: 1GiB, max_awake: 9 } }",
      ),
    );
    expect(pools).toEqual([
      { name: "gpu0", maxAwake: 1, defaultCostBytes: GIB / 2, yieldAfterMs: 60_000 },
      { name: "ram", maxAwake: 9, budgetBytes: 16 * GIB, defaultCostBytes: GIB, yieldAfterMs: 10_000 },
    ]);
  });

  it("are named by targets, defaults, rules and labels; pool adds one to pools of a weaker layer", async () => {
    const yaml = `${POOLS}defaults: { pools: [ram] }
discover: [{ match: { name: "pr-*" }, pool: previews }]
targets: { own: { docker: { container: own }, pools: [gpu0], cost: 2GiB, room_timeout: 1m } }\n`;
    const { targets } = settingsOf(await loadText(yaml));
    expect(targets[0]).toMatchObject({ pools: ["gpu0"], costBytes: 2 * GIB, roomTimeoutMs: 60_000 });
    expect((await specOf("pr-7", {}, yaml)).pools).toEqual(["ram", "previews"]);
    const labelled = await specOf(
      "blog",
      { ...ENABLE, "wakegate.pools": "ram,gpu0", "wakegate.cost": "1GiB" },
      yaml,
    );
    expect(labelled).toMatchObject({ pools: ["ram", "gpu0"], costBytes: GIB, roomTimeoutMs: 180_000 });
    expect((await specOf("free", { ...ENABLE, "wakegate.pools": "" }, yaml)).pools).toEqual([]);
  });

  it("may cost differently: each its own, the others what cost says", async () => {
    const yaml = `pools: { ram: { budget: 16GiB }, vram: { budget: 8GiB } }
defaults: { pools: [ram] }
targets: { own: { docker: { container: own }, pool: vram, costs: { vram: 6GiB } } }\n`;
    const { targets } = settingsOf(await loadText(yaml));
    expect(targets[0]).toMatchObject({ pools: ["ram", "vram"], costBytesIn: { vram: 6 * GIB } });
    const labels = {
      ...ENABLE,
      "wakegate.pool": "vram",
      "wakegate.costs.vram": "4GiB",
      "wakegate.cost": "1GiB",
    };
    expect(await specOf("blog", labels, yaml)).toMatchObject({
      costBytes: GIB,
      costBytesIn: { vram: 4 * GIB },
    });
    const dear = await read("blog", { ...labels, "wakegate.costs.vram": "9GiB" }, yaml);
    expect(dear.problems.map(line)[0]).toContain(
      "wakegate.costs.vram: costs 9 GiB, but pool vram has a budget of 8 GiB",
    );
    const unknown = await read("blog", { ...labels, "wakegate.costs.vran": "1GiB" }, yaml);
    expect(unknown.problems.map(line)[0]).toContain("wakegate.costs.vran: no pool has this name");
    const wrong = await loadText(yaml.replace("vram: 6GiB", "vram: 9GiB, gpu: 1GiB"));
    expect(told(wrong)).toEqual([
      expect.stringMatching(/^wakegate.yaml:3:74 targets.own.costs.vram: costs 9 GiB/),
      expect.stringMatching(/^wakegate.yaml:3:85 targets.own.costs.gpu: no pool has this name/),
    ]);
    const slip = await loadText(yaml.replace("vram: 6GiB", "vram: 6"));
    expect(told(slip)[0]).toContain("targets.own.costs.vram: expected a size such as 16GiB");
  });

  it("that do not exist, limit nothing or are too small are told with their place, all at once", async () => {
    const loaded = await loadText(`pools:
  gpu0: { max_awake: 1 }
  ram: { budget: 1GiB }
defaults:
  pools: [ran]
discover:
  - match: { name: "pr-*" }
    pool: previews
targets:
  big: { docker: { container: big }, pools: [ram], cost: 2GiB }
  odd: { docker: { container: odd }, pools: [gpu0, gpu1] }
`);
    expect(told(loaded)).toEqual([
      'wakegate.yaml:5:11 defaults.pools[0]: no pool has this name: add it to pools in the configuration file, where there is gpu0, ram; did you mean "ram"?',
      "wakegate.yaml:8:11 discover[0].pool: no pool has this name: add it to pools in the configuration file, where there is gpu0, ram",
      "wakegate.yaml:10:58 targets.big.cost: costs 2 GiB, but pool ram has a budget of 1 GiB: it could never wake. Raise the budget or lower the cost",
      expect.stringContaining("wakegate.yaml:11:52 targets.odd.pools[1]: no pool has this name"),
    ]);
    expect(told(await loadText("pools: { ram: { yield_after: 5, default_cost: 1 } }"))).toEqual([
      "wakegate.yaml:1:15 pools.ram: limits nothing: add max_awake, budget or both",
      expect.stringContaining("pools.ram.yield_after: expected a duration"),
      expect.stringContaining("pools.ram.default_cost: expected a size"),
    ]);
    expect(told(await loadText("pools: { ram: { max_awak: 5 } }"))).toEqual([
      expect.stringContaining("pools.ram.max_awak: unknown key"),
    ]);
    expect(told(await loadText("pools: { ram: {} }"))).toEqual([
      "wakegate.yaml:1:15 pools.ram: limits nothing: add max_awake, budget or both",
    ]);
    expect(told(await loadText("pools: { ram: { budget: 16 } }"))[0]).toContain("16GiB or 16MiB");
  });

  it("in labels disable that target alone, with the label that is wrong", async () => {
    const unknown = await read("blog", { ...ENABLE, "wakegate.pools": "gpu1" }, POOLS);
    expect(unknown).toMatchObject({ kind: "invalid" });
    expect(unknown.problems.map(line)).toEqual([
      expect.stringContaining("container blog (local) wakegate.pools: no pool has this name"),
    ]);
    const dear = await read("blog", { ...ENABLE, "wakegate.pool": "ram", "wakegate.cost": "17GiB" }, POOLS);
    expect(dear.problems.map(line)[0]).toContain(
      "wakegate.cost: costs 17 GiB, but pool ram has a budget of 16 GiB",
    );
  });

  it("are changed live, and labels read anew", async () => {
    const [before, after] = [settingsOf(await loadText(POOLS)), settingsOf(await loadText(""))];
    expect(diffSettings(before, after)).toMatchObject({ live: ["pools"], relabel: true });
    const labels = { ...ENABLE, "wakegate.pools": "gpu0" };
    expect(readLabels(container("blog", labels), "local", before).kind).toBe("target");
    expect(readLabels(container("blog", labels), "local", after).kind).toBe("invalid");
  });
});
