import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { loadSettings } from "../../src/config/load.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { DockerProvider } from "../../src/providers/docker/provider.ts";
import { Registry } from "../../src/watchers/registry/registry.ts";
import { startDockerd } from "../support/dockerd.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { RawDocker } from "../support/raw-docker.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { suite } from "../support/require.ts";

suite("docker", "an engine's restart", () => {
  test("brings up what slept by its restart policy, and it goes back to sleep", async () => {
    await using daemon = await startDockerd();
    const docker = new RawDocker(daemon.socketPath);
    const labels = { "wakegate.enable": "true", "wakegate.idle_timeout": "3s" };
    const id = await docker.run("always", { labels, restart: "always" });
    const loaded = await loadSettings({ env: { DOCKER_HOST: `unix://${daemon.socketPath}` } });
    if (!("settings" in loaded)) throw new Error("settings");
    const { settings } = loaded;
    const log = new RecordingLog();
    const store = new MemoryStore();
    await using registry = new Registry({ settings, clock: systemClock, store, log });
    const url = `unix://${daemon.socketPath}`;
    registry.addEngine(new DockerProvider({ kind: "docker", name: "local", url }, { clock: systemClock }));
    const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
      for (let tries = 0; !(await condition()); tries++) {
        if (tries > 1_200) throw new Error(`never: ${what}; ${JSON.stringify(store.target("always"))}`);
        await delay(25);
      }
    };
    const sleeps = (): boolean => registry.watcher("always")?.state.kind === "napping";
    await until("asleep", sleeps);
    expect(store.target("always")?.napped).toBeDefined();
    const before = Date.now();

    await daemon.restart();
    await until("up again", async () => Date.parse((await docker.inspect(id)).State.StartedAt) > before);
    await until("put back", () => log.of("put_back").length === 1);
    await until("asleep again", sleeps);
    expect((await docker.inspect(id)).State.Running).toBe(false);
  }, 120_000);
});
