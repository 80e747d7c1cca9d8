import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Mounted extends AsyncDisposable {
  /** The folder on the host's side of the mount. */
  readonly host: string;
  /** Writes the file in place, as `>` does. */
  write(level: string): Promise<void>;
  /** Writes another file and renames it over, as vim, sed -i and most editors do. */
  replace(level: string): Promise<void>;
  count(event: string): number;
  until(event: string, count?: number): Promise<void>;
}

/** `wakegate serve` in a mount namespace of its own, in which `what` of the host is bound to a place of its own. */
async function mounted(what: "file" | "folder"): Promise<Mounted> {
  const temp = await tempFolder("mount");
  const [host, inside] = [join(temp.path, "host"), join(temp.path, "inside")];
  const text = (level: string): string =>
    `listen: 127.0.0.1:0
public_listen: 127.0.0.1:0
state_dir: ${join(temp.path, "state")}
log: { level: ${level}, format: json }
providers: { docker: {} }
targets: { app: { process: { command: [sleep, "60"] }, address: "127.0.0.1:1" } }
`;
  for (const folder of [host, inside]) await mkdir(folder);
  await writeFile(join(host, "wakegate.yaml"), text("info"));
  if (what === "file") await writeFile(join(inside, "wakegate.yaml"), "");
  const [from, to] =
    what === "file" ? [join(host, "wakegate.yaml"), join(inside, "wakegate.yaml")] : [host, inside];
  const child = spawn(
    "unshare",
    [
      "--mount",
      "sh",
      "-c",
      'mount --bind "$1" "$2" && shift 2 && exec "$@"',
      "sh",
      from,
      to,
      process.execPath,
      "--import",
      "tsx",
      "src/main.ts",
      "serve",
      "--config",
      join(inside, "wakegate.yaml"),
    ],
    { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (output += piece));
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (output += piece));
  const closed = once(child, "close");
  const count = (event: string): number => output.split(`"event":"${event}"`).length - 1;
  const it: Mounted = {
    host,
    write: (level) => writeFile(join(host, "wakegate.yaml"), text(level)),
    async replace(level) {
      await writeFile(join(host, ".wakegate.yaml.new"), text(level));
      await rename(join(host, ".wakegate.yaml.new"), join(host, "wakegate.yaml"));
    },
    count,
    until: async (event, times = 1) => {
      await expect
        .poll(() => (child.exitCode === null ? count(event) : output), { timeout: 30_000 })
        .toBe(times);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await closed;
      await temp[Symbol.asyncDispose]();
    },
  };
  await it.until("listening");
  return it;
}

suite("mounts", "a configuration that is mounted", () => {
  it("as a folder is read again however an editor writes it", async () => {
    await using config = await mounted("folder");
    expect(config.count("config_file_mounted")).toBe(0);
    await config.replace("debug");
    await config.until("reloaded");
    await config.write("info");
    await config.until("reloaded", 2);
    await config.replace("debug");
    await config.until("reloaded", 3);
    expect(config.count("config_file_replaced")).toBe(0);
  });

  it("as a file of its own is read again when it is written in place, and a warning says what is not seen", async () => {
    await using config = await mounted("file");
    expect(config.count("config_file_mounted")).toBe(1);
    await config.write("debug");
    await config.until("reloaded");
    await config.write("info");
    await config.until("reloaded", 2);
    await config.replace("debug");
    await config.until("config_file_replaced");
    expect(config.count("reloaded")).toBe(2);
  });
});
