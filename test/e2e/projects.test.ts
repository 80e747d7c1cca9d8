import { expect, it } from "vitest";
import { AsyncStack } from "../../src/lib/disposables.ts";
import { images } from "../support/images.ts";
import type { ContainerOptions, RawDocker } from "../support/raw-docker.ts";
import { suite } from "../support/require.ts";
import { engineOfFile } from "./support/stage.ts";
import { ask, eventually, followEngine, saidAt, statusOf, type EngineLog } from "./support/visit.ts";
import { startWakegate, type RunningWakegate } from "./support/wakegate.ts";

/** Short, so that a project naps within a test. */
const PREVIEWS = `
defaults: { foreign_stop_grace: 1s, wake_timeout: 60s }
discover:
  - match: { project: "pr-*", service: web }
    hosts: ["{project}.example.com"]
    port: 3000
    scope: project
    idle_timeout: 2s
`;

const HEALTH = {
  test: ["CMD-SHELL", "wget -q -O- http://127.0.0.1:8080/healthz"],
  intervalMs: 1_000,
  retries: 30,
} as const;

/** What Compose makes of a file with these services, before it starts any. Nothing is labelled for Wakegate. */
const PROJECT: Readonly<Record<string, { needs?: string; container: ContainerOptions }>> = {
  db: { container: { health: HEALTH, env: { BOOT_MS: "300" } } },
  // Nobody needs it and it needs nobody.
  mail: { container: {} },
  migrate: {
    needs: "db:service_healthy:false",
    container: { image: images.busybox, cmd: ["/bin/sh", "-c", "echo migrated"] },
  },
  web: {
    needs: "db:service_healthy:false,migrate:service_completed_successfully:false",
    container: { env: { PORT: "3000" } },
  },
  worker: { needs: "web:service_started:false", container: {} },
  // Somebody's own business.
  debug: { container: {} },
};

interface Rig extends AsyncDisposable {
  readonly docker: RawDocker;
  readonly wakegate: RunningWakegate;
  readonly events: EngineLog;
}

suite("docker", "a Compose project that a rule makes one target of", () => {
  const engine = engineOfFile();

  async function rig(projects: readonly string[], yaml = PREVIEWS): Promise<Rig> {
    const docker = await engine();
    const stack = new AsyncStack();
    for (const project of projects) {
      await docker.createNetwork(`${project}_default`);
      stack.defer(async () => await docker.removeNetwork(`${project}_default`));
      for (const [service, { needs, container }] of Object.entries(PROJECT)) {
        const name = `${project}-${service}-1`;
        const labels = {
          "com.docker.compose.project": project,
          "com.docker.compose.service": service,
          "com.docker.compose.container-number": "1",
          "com.docker.compose.oneoff": "False",
          ...(needs !== undefined && { "com.docker.compose.depends_on": needs }),
          ...(service === "debug" && { "wakegate.enable": "false" }),
        };
        await docker.create(name, { network: `${project}_default`, ...container, labels });
        stack.defer(async () => await docker.rm(name));
      }
    }
    const events = stack.use(await followEngine(docker));
    const wakegate = stack.use(await startWakegate({ socketPath: docker.socketPath, yaml }));
    return { docker, wakegate, events, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
  }

  it("wakes in its order with the first request, and naps in the reverse one", async () => {
    await using r = await rig(["pr-7", "pr-8"]);
    expect((await ask(r.wakegate, "pr-7.example.com")).status).toBe(200);
    const web = await fetch(`http://${await r.docker.address("pr-7-web-1")}:3000/`, {
      headers: { connection: "close" },
    });
    expect(web.status).toBe(200);

    await r.events.until("start", "pr-7-worker-1");
    const starts = r.events.lines("start", "die");
    const at = (line: string): number => {
      expect(starts).toContain(line);
      return starts.indexOf(line);
    };
    expect(at("start pr-7-db-1")).toBeLessThan(at("start pr-7-migrate-1"));
    expect(at("die pr-7-migrate-1")).toBeLessThan(at("start pr-7-web-1"));
    expect(at("start pr-7-mail-1")).toBeLessThan(at("start pr-7-web-1"));
    expect(at("start pr-7-web-1")).toBeLessThan(at("start pr-7-worker-1"));
    // As the file says: not before the database is healthy.
    const healthy = (await saidAt(r.docker, "pr-7-db-1", "listening")) ?? Infinity;
    expect(r.events.times("start", "pr-7-migrate-1")[0]).toBeGreaterThan(healthy);

    for (const service of ["worker", "web", "db", "mail"]) await r.events.until("die", `pr-7-${service}-1`);
    const stops = r.events.lines("die").map((line) => line.replace("die ", ""));
    expect(stops.slice(0, 3)).toEqual(["pr-7-migrate-1", "pr-7-worker-1", "pr-7-web-1"]);
    expect(stops.slice(3).toSorted()).toEqual(["pr-7-db-1", "pr-7-mail-1"]);

    // The next visit: the migration has run.
    expect((await ask(r.wakegate, "pr-7.example.com")).status).toBe(200);
    expect(r.events.times("start", "pr-7-web-1")).toHaveLength(2);
    expect(r.events.times("start", "pr-7-db-1")).toHaveLength(2);
    expect(r.events.times("start", "pr-7-migrate-1")).toHaveLength(1);

    // What says "hands off", and the other project, were never touched.
    expect(r.events.lines("start").filter((line) => /debug|pr-8/.test(line))).toEqual([]);
  });

  it("wakes nothing that it does not need where the rule takes the container alone", async () => {
    await using r = await rig(["pr-9"], PREVIEWS.replace("scope: project", "scope: container"));
    const { state } = await ask(r.wakegate, "pr-9.example.com");
    expect(state).toBeUndefined();
    expect(r.events.lines("start").toSorted()).toEqual([
      "start pr-9-db-1",
      "start pr-9-migrate-1",
      "start pr-9-web-1",
    ]);
  });

  it("goes on where a start of one of its parts by hand began, and sleeps as a whole", async () => {
    await using r = await rig(["pr-10"]);
    // `docker compose up -d`: everything runs, and nobody asked Wakegate.
    for (const service of ["db", "mail", "migrate", "web", "worker"]) {
      await r.docker.start(`pr-10-${service}-1`);
    }
    for (const service of ["worker", "web"]) await r.events.until("die", `pr-10-${service}-1`);
    const stops = r.events.lines("die").filter((line) => !line.includes("migrate"));
    expect(stops.slice(0, 2)).toEqual(["die pr-10-worker-1", "die pr-10-web-1"]);
    expect((await ask(r.wakegate, "pr-10.example.com")).status).toBe(200);
    await eventually("the worker runs again", async () => {
      return (await statusOf(r.docker, "pr-10-worker-1")) === "running";
    });
  });
});
