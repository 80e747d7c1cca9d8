import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli } from "../../src/cli/cli.ts";
import { momentOf } from "../../src/cli/remote/act.ts";
import { adminRig, labelled, type AdminRig } from "../admin/admin-rig.ts";
import { freePort } from "../support/free-port.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { recorder } from "./recorder.ts";

const TOKEN = "a-token-long-enough";

async function run(
  rig: Pick<AdminRig, "url"> & Partial<Pick<AdminRig, "stateDir">>,
  ...args: string[]
): Promise<{ code: number; text: string }> {
  const output = recorder();
  const split = args.indexOf("--");
  const at = split < 0 ? args.length : split;
  const where = ["--url", rig.url, ...(rig.stateDir === undefined ? [] : ["--state", rig.stateDir])];
  const code = await cli([...args.slice(0, at), ...where, ...args.slice(at)], output);
  return { code, text: output.text() };
}

describe("the command line over the API", () => {
  it("shows what is awake and why", async () => {
    await using rig = await adminRig();
    const asleep = await run(rig, "status");
    expect(asleep.code).toBe(0);
    expect(asleep.text).toMatch(/TARGET\s+STATE\s+WHY/);
    expect(asleep.text).toMatch(/blog\s+asleep\s+Never woken/);
    expect((await run(rig, "wake", "blog")).text).toContain("blog is ready after");
    expect((await run(rig, "status")).text).toContain("1 of 1 awake");
    const why = await run(rig, "why", "blog");
    expect(why.text).toMatch(/^blog has been awake for \d+ s$/m);
    expect(why.text).toMatch(/\* {2}Last request/);
    const json = JSON.parse((await run(rig, "status", "--json")).text) as { targets: { name: string }[] };
    expect(json.targets.map(({ name }) => name)).toEqual(["blog"]);
    expect((await run(rig, "status", "nobody")).code).toBe(1);
  });

  it("shows how full pools are and who waits, and why a target has to wait", async () => {
    const gpu0 = { name: "gpu0", maxAwake: 1, defaultCostBytes: 1, yieldAfterMs: 0 };
    await using rig = await adminRig({
      pools: [gpu0],
      setUp: (world) => {
        for (const name of ["blog", "wiki"])
          world.create(name, { labels: labelled({ "wakegate.pools": "gpu0" }), status: "exited" });
      },
    });
    await run(rig, "wake", "blog");
    using _ = rig.service.registry.watcher("blog")?.lease("a film") ?? { [Symbol.dispose]: () => {} };
    await rig.call("/targets/wiki/wake", { json: {} });
    const { text } = await run(rig, "status");
    expect(text).toMatch(/wiki\s+waking\s+Waits for room in gpu0/);
    expect(text).toMatch(/POOL\s+TAKEN\s+WAITING\ngpu0\s+1 of 1 awake\s+wiki waits/);
    expect((await run(rig, "why", "wiki")).text).toMatch(/Waits for room in gpu0\n.*it is next/);
    const json = JSON.parse((await run(rig, "status", "--json")).text) as { pools: { name: string }[] };
    expect(json.pools.map(({ name }) => name)).toEqual(["gpu0"]);
  });

  it("follows a wake that fails to exit code 1 with the reason", async () => {
    await using rig = await adminRig({
      setUp: (world) =>
        world.create("blog", { labels: labelled(), behaviour: { failStart: "no such image" } }),
    });
    const { code, text } = await run(rig, "wake", "blog");
    expect(code).toBe(1);
    expect(text).toContain("no such image");
  });

  it("puts to sleep, and says what is in use", async () => {
    await using rig = await adminRig();
    await run(rig, "wake", "blog");
    using _ = rig.service.registry.watcher("blog")?.lease("held request") ?? { [Symbol.dispose]: () => {} };
    const refused = await run(rig, "sleep", "blog");
    expect(refused.code).toBe(1);
    expect(refused.text).toContain("blog is in use. In use by: held request");
    const forced = await run(rig, "sleep", "blog", "--force");
    expect(forced.code).toBe(0);
    expect(forced.text).toContain("blog: asleep");
    expect(rig.service.registry.watcher("blog")?.state.kind).toBe("napping");
  });

  it("waits for the final check of a sleep, and says what it found", async () => {
    await using rig = await adminRig();
    await run(rig, "wake", "blog");
    rig.world.behaviour.set("blog", { traffic: 5_000_000 });
    const { code, text } = await run(rig, "sleep", "blog");
    expect(code).toBe(1);
    expect(text).toContain("blog: checking whether it is in use");
    expect(text).toContain("blog stays awake. Network:");
    expect(rig.world.calls).toEqual(["start blog"]);
  });

  it("runs a command while a target is awake and passes its exit code", async () => {
    await using rig = await adminRig();
    const script = `fetch("${rig.url}/api/v1/targets/blog",{headers:{authorization:"Bearer ${rig.token}"}}).then(r=>r.json()).then(t=>process.exit(t.state==="awake"&&t.leases.length===1?7:1))`;
    const { code } = await run(rig, "with", "blog", "--", process.execPath, "-e", script);
    expect(code).toBe(7);
    expect(rig.service.registry.watcher("blog")?.activity.leases).toEqual([]);
    const missing = await run(rig, "with", "blog", "--", "no-such-program-at-all");
    expect(missing.code).toBe(127);
    expect((await run(rig, "with", "blog")).code).toBe(2);
  });

  it("tells what happened", async () => {
    await using rig = await adminRig();
    await run(rig, "wake", "blog");
    const { code, text } = await run(rig, "logs", "blog");
    expect(code).toBe(0);
    expect(text).toContain("Woken by a button, by this host");
    expect(text).toContain("Ready after");
  });

  it("says what to check when nobody answers, and how to give the token", async () => {
    const port = await freePort();
    const nobody = await run({ url: `http://127.0.0.1:${String(port)}` }, "status");
    expect(nobody.code).toBe(1);
    expect(nobody.text).toContain("Nothing listens at");
    expect(nobody.text).toContain("WAKEGATE_URL");
    await using rig = await adminRig({ env: { WAKEGATE_API_TOKEN: TOKEN } });
    await using folder = await tempFolder("cli");
    const closed = await run({ url: rig.url, stateDir: folder.path }, "status");
    expect(closed.code).toBe(1);
    expect(closed.text).toContain(`There is no token in the state folder ${folder.path}`);
    expect(closed.text).toContain("--token-file");
    const file = join(folder.path, "token");
    await writeFile(file, `${TOKEN}\n`);
    expect((await run(rig, "status", "--token-file", file)).code).toBe(0);
    expect((await run(rig, "status", "--token-file", join(folder.path, "none"))).code).toBe(2);
    const other = await run({ url: `${rig.url}/ui-behind-something` }, "status");
    expect(other.text).toContain("not as a Wakegate does");
  });

  it("finds address and token of its own Wakegate by the configuration", async () => {
    await using rig = await adminRig();
    await using folder = await tempFolder("cli");
    const file = join(folder.path, "wakegate.yaml");
    const port = new URL(rig.url).port;
    await writeFile(file, `listen: 0.0.0.0:${port}\nstate_dir: ${rig.stateDir}\n`);
    const output = recorder();
    expect([await cli(["status", "--config", file], output), output.text()]).toEqual([
      0,
      expect.stringContaining("0 of 1 awake"),
    ]);
  });

  it("sends the token of the state folder to loopback addresses alone", async () => {
    await using rig = await adminRig();
    const { port } = new URL(rig.url);
    expect((await run({ ...rig, url: `http://localhost:${port}` }, "status")).code).toBe(0);
    // The same listener by an address that might be any machine's.
    const other = await run({ ...rig, url: `http://0.0.0.0:${port}` }, "status");
    expect(other.code).toBe(1);
    expect(other.text).toContain("A token is needed");
  });

  it("prints the token of the installation at any time, and makes others", async () => {
    await using rig = await adminRig();
    const printed = recorder();
    expect(await cli(["token", "--state", rig.stateDir], printed)).toBe(0);
    expect(printed.text()).toBe(rig.token);
    await using folder = await tempFolder("cli");
    const none = recorder();
    expect(await cli(["token", "--state", folder.path], none)).toBe(1);
    expect(none.text()).toContain("Wakegate has not run with this state folder");
    const made = recorder();
    expect(await cli(["token", "--new", "--read"], made)).toBe(0);
    expect(made.text()).toMatch(/^token: (wkg_\S+)\nhash for api\.tokens: read:sha256:[\da-f]{64}$/);
  });

  it("understands moments", () => {
    const now = new Date(2026, 5, 1, 12, 0).getTime();
    expect(momentOf("22:00", now)).toBe(new Date(2026, 5, 1, 22, 0).toISOString());
    expect(momentOf("08:00", now)).toBe(new Date(2026, 5, 2, 8, 0).toISOString());
    expect(() => momentOf("soon", now)).toThrow("neither");
    for (const wrong of ["99:99", "25:00", "12:75"])
      expect(() => momentOf(wrong, now)).toThrow("no time of day");
    expect(() => momentOf("2020-01-01T10:00", now)).toThrow("in the past");
  });
});
