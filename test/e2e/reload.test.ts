import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openRelay } from "../contract/relay.ts";
import { startDockerd, type PrivateDockerd } from "../support/dockerd.ts";
import { RawDocker, type ContainerOptions } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { ask, eventually, followEngine, isOpen, statusOf, visit } from "./support/visit.ts";
import { startWakegate } from "./support/wakegate.ts";

suite("docker", "a changed configuration file", () => {
  let dockerd: PrivateDockerd;
  let docker: RawDocker;

  beforeAll(async () => {
    dockerd = await startDockerd();
    docker = new RawDocker(dockerd.socketPath);
  });
  afterAll(async () => {
    await dockerd[Symbol.asyncDispose]();
  });

  async function rig(containers: Readonly<Record<string, ContainerOptions>>, targets: readonly string[]) {
    for (const [name, options] of Object.entries(containers)) {
      await docker.create(name, { ...options, env: { NAME: name, ...options.env } });
    }
    const events = await followEngine(docker);
    const yaml = (lines: readonly string[]): string => ["targets:", ...lines].join("\n");
    const wakegate = await startWakegate({ socketPath: dockerd.socketPath, yaml: yaml(targets) });
    const count = (event: string): number => wakegate.log().filter((line) => line.event === event).length;
    return {
      wakegate,
      events,
      count,
      visit: (name: string) => visit(wakegate, docker, name, `${name}.test`),
      configure: (...lines: string[]) => wakegate.configure(yaml(lines)),
      /** Writes the whole file and waits until it is in force. */
      async edit(...lines: string[]) {
        const before = count("reloaded");
        await wakegate.configure(yaml(lines));
        await eventually("the reload", () => count("reloaded") > before);
      },
      async [Symbol.asyncDispose]() {
        await wakegate[Symbol.asyncDispose]();
        events[Symbol.dispose]();
        for (const name of Object.keys(containers)) await docker.rm(name);
      },
    };
  }

  function target(name: string, more = "idle_timeout: 1h"): string {
    return `  ${name}: { docker: { container: ${name} }, hosts: [${name}.test], ${more} }`;
  }

  it("touches only the target that it changes: the others keep state and held requests", async () => {
    await using r = await rig({ alpha: {}, bravo: { env: { BOOT_MS: "5000" } }, charlie: {} }, [
      target("alpha"),
      target("bravo"),
      target("charlie"),
    ]);
    expect(await r.visit("alpha")).toMatchObject({ status: 200, app: "alpha" });
    const before = await r.visit("charlie");
    const held = r.visit("bravo");
    await r.events.until("start", "bravo");
    // A line above the others: they stand elsewhere now, which is no change of theirs.
    await r.edit("  # shorter", target("alpha", "idle_timeout: 1s"), target("bravo"), target("charlie"));
    expect(await isOpen(held)).toBe(true);
    await r.events.until("die", "alpha");
    expect(await held).toMatchObject({ status: 200, app: "bravo" });
    expect(await r.visit("charlie")).toEqual({ ...before, body: expect.any(String) as string });
    expect(r.events.lines("start", "die")).toEqual([
      "start alpha",
      "start charlie",
      "start bravo",
      "die alpha",
    ]);
    // Whoever was looked at as if for the first time would have been found running.
    expect(r.count("start_adopted") + r.count("wake_failed")).toBe(0);
  });

  it("is refused as a whole when anything in it is wrong, and every problem is named with its place", async () => {
    await using r = await rig({ alpha: {} }, [target("alpha")]);
    const before = await r.visit("alpha");
    const lines = [
      `  alpha: { docker: { container: alpha }, hosts: [alpha.test], idle_timeout: 1s }`,
      `  bravo: { docker: { container: bravo }, hosts: [bravo.test], idle_timeout: 15 }`,
      `  delta: { docker: { container: delta }, hosts: [delta.test], stop_metod: pause }`,
    ];
    await r.configure(...lines);
    await r.wakegate.until("reload_refused");
    const file = join(r.wakegate.folder, "wakegate.yaml");
    const written = (await readFile(file, "utf8")).split("\n");
    const place = (text: string): string => {
      const line = written.findIndex((one) => one.includes(text));
      return `${file}:${String(line + 1)}:${String((written[line]?.indexOf(text) ?? 0) + 1)}`;
    };
    const told = r.wakegate.log().filter(({ event }) => event === "config_error");
    expect(told.map(({ where, key }) => `${String(where)} ${String(key)}`)).toEqual([
      `${place("15 }")} targets.bravo.idle_timeout`,
      `${place("stop_metod")} targets.delta.stop_metod`,
    ]);
    expect(told.every(({ msg, where }) => msg.startsWith(String(where)))).toBe(true);
    // The good line of a bad file counts as little as the rest.
    await delay(3_000);
    expect(await r.visit("alpha")).toMatchObject({ status: 200, run: before.run });
    expect(r.events.lines("die")).toEqual([]);
    await r.edit(target("alpha", "idle_timeout: 1s"));
    await r.events.until("die", "alpha");
  });

  it("is read on SIGHUP too, which changes nothing when nothing changed", async () => {
    await using r = await rig({ alpha: {} }, [target("alpha")]);
    const before = await r.visit("alpha");
    process.kill(r.wakegate.pid, "SIGHUP");
    await r.wakegate.until("reloaded");
    expect(await r.visit("alpha")).toMatchObject({ status: 200, run: before.run });
    expect(r.events.lines("start", "die")).toEqual(["start alpha"]);
  });

  it("adds targets and takes them away: what runs goes on, and a host that is nobody's passes", async () => {
    await using r = await rig({ alpha: {}, bravo: {} }, [target("alpha")]);
    // Before it is a target, its host is a stranger's.
    expect(await ask(r.wakegate, "bravo.test")).toMatchObject({ status: 200 });
    expect(await statusOf(docker, "bravo")).toBe("created");
    await r.edit(target("alpha"), target("bravo"));
    expect(await r.visit("bravo")).toMatchObject({ status: 200, app: "bravo" });
    await r.edit(target("alpha"));
    expect(await statusOf(docker, "bravo")).toBe("running");
    await docker.stop("bravo", 1);
    expect(await ask(r.wakegate, "bravo.test")).toMatchObject({ status: 200 });
    await r.wakegate.kill();
    await r.wakegate.restart();
    expect(await ask(r.wakegate, "bravo.test")).toMatchObject({ status: 200 });
    expect(r.events.times("start", "bravo")).toHaveLength(1);
    expect(await r.visit("alpha")).toMatchObject({ status: 200, app: "alpha" });
  });

  it("tells a held request whose target it takes away", async () => {
    await using r = await rig({ alpha: {}, bravo: { env: { BOOT_MS: "600000" } } }, [
      target("alpha"),
      target("bravo"),
    ]);
    const held = ask(r.wakegate, "bravo.test");
    await r.events.until("start", "bravo");
    await r.edit(target("alpha"));
    expect(await held).toMatchObject({ status: 503 });
  });

  it("changes hosts: the new one leads there at once, the old one nowhere", async () => {
    await using r = await rig({ alpha: {} }, [target("alpha")]);
    expect(await r.visit("alpha")).toMatchObject({ app: "alpha" });
    await r.edit(`  alpha: { docker: { container: alpha }, hosts: [new.test], idle_timeout: 1s }`);
    await r.events.until("die", "alpha");
    expect(await visit(r.wakegate, docker, "alpha", "new.test")).toMatchObject({ status: 200, app: "alpha" });
    const starts = r.events.times("start", "alpha").length;
    expect(await ask(r.wakegate, "alpha.test")).toMatchObject({ status: 200, state: undefined });
    expect(r.events.times("start", "alpha")).toHaveLength(starts);
  });

  it("adds an engine, moves it to another address, and takes it away", async () => {
    await using r = await rig({ alpha: {} }, [target("alpha")]);
    await using second = await startDockerd();
    await using relay = await openRelay(second.socketPath);
    const far = new RawDocker(second.socketPath);
    await far.create("zulu", { env: { NAME: "zulu" } });
    const write = async (engines: string, ...targets: readonly string[]): Promise<void> => {
      const before = r.count("reloaded");
      const head = [
        `listen: ${r.wakegate.internal}`,
        `public_listen: ${r.wakegate.public}`,
        `state_dir: ${join(r.wakegate.folder, "state")}`,
        `log: { level: debug, format: json }`,
        `providers: { docker: { local: "unix://${dockerd.socketPath}"${engines} } }`,
        "targets:",
        `  alpha: { docker: { container: alpha, engine: local }, hosts: [alpha.test], idle_timeout: 1h }`,
      ];
      await writeFile(join(r.wakegate.folder, "wakegate.yaml"), `${[...head, ...targets].join("\n")}\n`);
      await eventually("the reload", () => r.count("reloaded") > before);
    };
    const z = `  zulu: { docker: { container: zulu, engine: far }, hosts: [zulu.test], idle_timeout: 1h }`;
    const seen = await r.visit("alpha");
    await write(`, far: "unix://${relay.path}"`, z);
    const first = await eventually("zulu", async () => {
      const visited = await visit(r.wakegate, far, "zulu", "zulu.test");
      return visited.app === "zulu" ? visited : undefined;
    });
    // The same engine at another address: its app is still the same, and can be woken there.
    await relay.goAway();
    await write(`, far: "unix://${second.socketPath}"`, z);
    await eventually(
      "z again",
      async () => (await visit(r.wakegate, far, "zulu", "zulu.test")).run === first.run,
    );
    await far.stop("zulu", 1);
    await eventually("z woken", async () => {
      const visited = await visit(r.wakegate, far, "zulu", "zulu.test").catch(() => undefined);
      return visited?.app === "zulu" && visited.run !== first.run;
    });
    await write("");
    await far.stop("zulu", 1);
    expect(await ask(r.wakegate, "zulu.test")).toMatchObject({ status: 200, state: undefined });
    expect(await statusOf(far, "zulu")).toBe("exited");
    expect(await r.visit("alpha")).toMatchObject({ status: 200, run: seen.run });
    expect((await fetch(`http://${r.wakegate.internal}/readyz`)).status).toBe(200);
  });
});
