import { mkdir, open, rename, rm, symlink, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { isMountedAlone, watchConfig, type WatchConfigOptions } from "../../src/config/watch-config.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { temporaryFolder } from "./support.ts";

interface Watching extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  readonly changes: () => number;
}

async function watching(
  prepare: (folder: string) => Promise<string>,
  options: WatchConfigOptions = {},
): Promise<Watching> {
  const folder = await temporaryFolder();
  const path = await prepare(folder.path);
  const stop = new AbortController();
  const onChange = vi.fn();
  watchConfig(path, onChange, stop.signal, { debounceMs: 30, ...options });
  return {
    folder: folder.path,
    path,
    changes: () => onChange.mock.calls.length,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function plainFile(folder: string): Promise<string> {
  const path = join(folder, "wakegate.yaml");
  await writeFile(path, "one");
  return path;
}

describe("watchConfig", () => {
  it("tells of a file written in place, once for a burst", async () => {
    // Quiet time passes only when the test says so: a machine that is busy between two writes makes no second burst.
    const clock = new VirtualClock();
    await using it = await watching(plainFile, { clock });
    await writeFile(it.path, "two");
    await writeFile(it.path, "three");
    await expect
      .poll(async () => {
        await clock.advance(30);
        return it.changes();
      })
      .toBe(1);
    await wait(100);
    await clock.advance(30);
    expect(it.changes()).toBe(1);
  });

  it("tells of editors that rename over the file, again and again", async () => {
    await using it = await watching(plainFile);
    for (const [index, text] of ["two", "three"].entries()) {
      await writeFile(join(it.folder, ".new"), text);
      await rename(join(it.folder, ".new"), it.path);
      await expect.poll(() => it.changes()).toBe(index + 1);
    }
  });

  it("tells of swapped links, as orchestrators mount settings", async () => {
    await using it = await watching(async (folder) => {
      await mkdir(join(folder, "v1"));
      await writeFile(join(folder, "v1", "wakegate.yaml"), "one");
      await symlink("v1", join(folder, "..data"));
      await symlink("..data/wakegate.yaml", join(folder, "wakegate.yaml"));
      return join(folder, "wakegate.yaml");
    });
    for (const [index, version] of ["v2", "v3"].entries()) {
      await mkdir(join(it.folder, version));
      await writeFile(join(it.folder, version, "wakegate.yaml"), version);
      await symlink(version, join(it.folder, "..new"));
      await rename(join(it.folder, "..new"), join(it.folder, "..data"));
      await expect.poll(() => it.changes()).toBe(index + 1);
    }
  });

  it("is silent about equal content, other files and a file that is gone", async () => {
    await using it = await watching(plainFile);
    await writeFile(it.path, "one");
    await writeFile(join(it.folder, "other.yaml"), "x");
    await rm(it.path);
    await wait(150);
    expect(it.changes()).toBe(0);
    await writeFile(it.path, "two");
    await expect.poll(() => it.changes()).toBe(1);
  });

  it("reports a file that lost its last name while it is still to be read, once", async () => {
    const onReplaced = vi.fn();
    let held: FileHandle | undefined;
    try {
      // A descriptor's own link stands for a mount: it leads to the file after its name is gone.
      await using it = await watching(
        async (folder) => {
          held = await open(await plainFile(folder));
          return `/proc/self/fd/${String(held.fd)}`;
        },
        { onReplaced, pollMs: 20 },
      );
      await rm(join(it.folder, "wakegate.yaml"));
      await expect.poll(() => onReplaced.mock.calls.length).toBe(1);
      expect(it.changes()).toBe(0);
    } finally {
      await held?.close();
    }
  });

  it("knows a file that is a mount of its own", async () => {
    await using folder = await temporaryFolder();
    const path = await plainFile(folder.path);
    const table = join(folder.path, "mountinfo");
    const line = (root: string, point: string): string =>
      `36 35 98:0 ${root} ${point} ro,noatime master:1 - ext4 /dev/root rw\n`;
    const cases: readonly (readonly [string, string, boolean])[] = [
      ["/srv/wakegate.yaml", path, true],
      ["/srv", folder.path, false],
      ["/srv/wakegate.yaml", `${path}.other`, false],
      ["/docker/containers/0a/mounts/configs/k3", path, false],
    ];
    for (const [root, point, alone] of cases) {
      await writeFile(table, line("/", "/") + line(root, point));
      expect([root, point, isMountedAlone(path, table)]).toEqual([root, point, alone]);
    }
    const spaced = join(folder.path, "a b.yaml");
    await writeFile(spaced, "one");
    await writeFile(table, line("/x", spaced.replace(" ", "\\040")));
    expect(isMountedAlone(spaced, table)).toBe(true);
    expect(isMountedAlone(path, join(folder.path, "no-such-table"))).toBe(false);
  });

  it("ends with its signal", async () => {
    await using folder = await temporaryFolder();
    const path = await plainFile(folder.path);
    const stop = new AbortController();
    const onChange = vi.fn();
    watchConfig(path, onChange, stop.signal, { debounceMs: 10 });
    stop.abort();
    await writeFile(path, "two");
    await wait(100);
    expect(onChange).not.toHaveBeenCalled();
  });
});
