import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { settingVariables } from "../../src/config/environment.ts";
import { suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";

const UNIT = readFileSync(new URL("../../examples/systemd/wakegate.service", import.meta.url), "utf8");

suite("systemd", "the systemd unit", () => {
  it("is understood by systemd, each line of it", async () => {
    await using folder = await tempFolder("systemd");
    const path = join(folder.path, "wakegate.service");
    // The program is not installed here: anything that exists stands for it.
    writeFileSync(path, UNIT.replace("ExecStart=wakegate", "ExecStart=/bin/true"));
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", path], {
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("leaves little open", async () => {
    await using folder = await tempFolder("systemd");
    const path = join(folder.path, "wakegate.service");
    writeFileSync(path, UNIT);
    const text = execFileSync("systemd-analyze", ["security", "--offline=true", "--no-pager", path], {
      encoding: "utf8",
    });
    const exposure = Number(/Overall exposure level for [^:]+: ([\d.]+)/.exec(text)?.[1]);
    expect(exposure).toBeLessThan(3);
  });
});

it("sets only variables that exist", () => {
  const known = new Set(settingVariables().map(({ name }) => name));
  const used = [...UNIT.matchAll(/WAKEGATE_\w+/g)].map(([name]) => name);
  expect(used.length).toBeGreaterThan(0);
  expect(used.filter((name) => !known.has(name))).toEqual([]);
});
