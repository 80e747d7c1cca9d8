import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { CommandLine } from "../../../src/config/model/machine.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { runCommand } from "../../../src/providers/command/run-command.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const never = new AbortController().signal;

function line(script: string, more: Partial<CommandLine> = {}): CommandLine {
  return { argv: ["/bin/sh", "-c", script], env: {}, inherit: [], timeoutMs: 20_000, ...more };
}

const run = (given: CommandLine, signal = never) => runCommand(given, systemClock, signal);

/** Resolves when no process of that id runs any more. */
async function isGone(pid: number): Promise<void> {
  for (;;) {
    const stat = await readFile(`/proc/${String(pid)}/stat`, "utf8").catch(() => "");
    if (stat === "" || / [ZX] /.test(stat)) return;
    await delay(20);
  }
}

/** The process id that a script wrote. */
async function pidIn(path: string): Promise<number> {
  for (;;) {
    const pid = Number(await readFile(path, "utf8").catch(() => ""));
    if (pid > 0) return pid;
    await delay(20);
  }
}

describe("a command", () => {
  it("tells its exit code, its first line and the end of what it wrote", async () => {
    const result = await run(line("echo Running; echo more; echo trouble >&2; exit 3"));
    expect(result).toMatchObject({ kind: "exited", code: 3, word: "Running" });
    expect(result.kind === "exited" && [...result.output].sort()).toEqual(["Running", "more", "trouble"]);
    expect(await run(line("kill -9 $$"))).toMatchObject({ kind: "exited", code: 137 });
  });

  it("keeps only the end of much output", async () => {
    const result = await run(line("yes 0123456789 | head -n 200000; echo the end"));
    expect(result.kind === "exited" && result.output.at(-1)).toBe("the end");
    expect(result.kind === "exited" && result.output.join("\n").length).toBeLessThanOrEqual(2_048);
  });

  it("sees nothing of our environment but what is listed", async () => {
    process.env["WAKEGATE_TEST_SECRET"] = "hidden";
    process.env["WAKEGATE_TEST_SHOWN"] = "shown";
    const given = { env: { OWN: "own" }, inherit: ["WAKEGATE_TEST_SHOWN", "WAKEGATE_TEST_UNSET"] };
    const result = await run({ ...line(""), argv: ["env"], ...given });
    delete process.env["WAKEGATE_TEST_SECRET"];
    delete process.env["WAKEGATE_TEST_SHOWN"];
    expect(result.kind === "exited" && [...result.output].sort()).toEqual([
      "OWN=own",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "WAKEGATE_TEST_SHOWN=shown",
    ]);
  });

  it("passes its arguments as they are: no shell takes part", async () => {
    const result = await run({ ...line(""), argv: ["echo", "$HOME; rm -rf *", "`id`"] });
    expect(result).toMatchObject({ word: "$HOME; rm -rf *  `id`".replace("  ", " ") });
  });

  it("is killed with everything it started when its time is over", async () => {
    await using folder = await tempFolder("command");
    const path = join(folder.path, "pid");
    const result = await run(
      line(`sleep 1000 & echo $! > ${path}; echo waiting; wait`, { timeoutMs: 1_000 }),
    );
    expect(result).toMatchObject({ kind: "too-late", afterMs: 1_000, output: ["waiting"] });
    await isGone(await pidIn(path));
  });

  it("is killed with everything it started at an abort, whose reason is thrown", async () => {
    await using folder = await tempFolder("command");
    const path = join(folder.path, "pid");
    const stop = new AbortController();
    const running = run(line(`sleep 1000 & echo $! > ${path}; wait`), stop.signal);
    const pid = await pidIn(path);
    const reason = new Error("changed my mind");
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
    await isGone(pid);
  });

  it("may leave something running that keeps its output open", async () => {
    await using folder = await tempFolder("command");
    const path = join(folder.path, "pid");
    const result = await run(line(`sleep 1000 & echo $! > ${path}; echo started`));
    expect(result).toMatchObject({ kind: "exited", code: 0, word: "started" });
    const pid = await pidIn(path);
    expect(process.kill(pid, 0)).toBe(true);
    process.kill(pid, "SIGKILL");
  });

  it("says why it could not be run", async () => {
    const missing = { ...line(""), argv: ["/nowhere/virsh"] };
    expect(await run(missing)).toMatchObject({
      kind: "not-started",
      why: expect.stringContaining("ENOENT") as string,
    });
  });
});
