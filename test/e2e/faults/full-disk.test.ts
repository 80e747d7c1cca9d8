import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { suite } from "../../support/require.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { engineOfFile } from "../support/stage.ts";
import { eventually, followEngine } from "../support/visit.ts";
import { faultRig } from "./rig.ts";

/** A file system of its own, of 256 KB. */
async function smallDisk(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await tempFolder("disk");
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder.path]);
  return {
    path: folder.path,
    async [Symbol.asyncDispose]() {
      execFileSync("umount", ["--lazy", folder.path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Writes until the disk takes no more. */
async function fill(path: string): Promise<void> {
  const file = await open(path, "w");
  try {
    for (;;) await file.write(Buffer.alloc(4_096, "x"));
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOSPC" });
  } finally {
    await file.close();
  }
}

suite("docker", "a full disk below the state file", () => {
  const engine = engineOfFile();

  it("is said, keeps apps awake and reachable, and is made up for once there is room", async () => {
    await using disk = await smallDisk();
    const state = join(disk.path, "state");
    await using r = await faultRig(await engine(), { env: { WAKEGATE_STATE_DIR: state } });
    using events = await followEngine(r.docker);
    await r.make("blog", { labels: { idle_timeout: "2s" } });
    await eventually("a first state file", () =>
      statSync(join(state, "state.json"), { throwIfNoEntry: false }),
    );
    const ballast = join(disk.path, "ballast");
    await fill(ballast);

    expect(await r.visit("blog")).toMatchObject({ status: 200, app: "blog" });
    const told = await r.wakegate.until("state_write_failed");
    expect(told.msg).toContain("ENOSPC");
    // A stop that cannot be written down first is not begun: after a kill nobody would know of it.
    expect((await r.wakegate.until("state_unwritable", "blog")).msg).toContain("not put to sleep");
    expect(events.lines("die")).toEqual([]);
    expect(await r.visit("blog")).toMatchObject({ status: 200, app: "blog" });
    expect(r.wakegate.log().filter(({ event }) => event === "state_write_failed")).toHaveLength(1);

    await rm(ballast);
    await r.wakegate.until("state_write_recovered", undefined, 90_000);
    await eventually("it sleeps", () => events.times("die", "blog").length > 0, 90_000);
    expect(await r.visit("blog")).toMatchObject({ status: 200, app: "blog" });
    await r.wakegate.kill();
    await r.wakegate.restart();
    expect(await r.visit("blog")).toMatchObject({ status: 200, app: "blog" });
  });
});
