import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join as path } from "node:path";
import { expect, it } from "vitest";
import { ProviderError } from "../../src/providers/provider.ts";
import { startRedis } from "../support/redis-server.ts";
import { freePort } from "../support/free-port.ts";
import { suite } from "../support/require.ts";
import { openTcpRelay } from "../support/tcp-relay.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { join, leaderOf, realWorld, until } from "./rig.ts";

const labels = { "wakegate.enable": "true", "wakegate.readiness.kind": "none" };
const BY_REQUEST = { by: "request" } as const;

suite("redis", "an unreachable shared store", () => {
  it("kill -9: apps wake and pass, nothing sleeps, the outage is logged once; a Redis without data receives everything again", async () => {
    await using redis = await startRedis();
    const world = realWorld();
    world.create("app", { labels });
    world.create("idle", { labels });
    await using a = await join(world, redis.url, "a");
    await using b = await join(world, redis.url, "b");
    await leaderOf([a, b]);
    b.watcher("idle").wake(BY_REQUEST);
    await until(() => a.state("idle") === "ready" && b.state("idle") === "ready");
    const session = b.watcher("app").lease("a TCP session");
    await redis.kill();
    await until(() => [a, b].every(({ replicas }) => replicas.mayNotSleep?.kind === "nobody"));
    expect(a.replicas.mayNotSleep).toEqual({
      kind: "nobody",
      why: "the shared store is unreachable",
    });
    b.watcher("app").wake(BY_REQUEST);
    await until(() => a.state("app") === "ready" && b.state("app") === "ready");
    // Longer than the idle time, and than a lease and a grace: also what is ready stays so.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(world.calls).toEqual(["start idle", "start app"]);
    expect(a.watcher("app").gate.kind).toBe("ready");
    expect(a.log.of("shared_store_unreachable")).toHaveLength(1);
    expect(a.log.of("shared_store_unreachable")[0]).toContain("Redis at 127.0.0.1");

    await redis.restart();
    await leaderOf([a, b]);
    await until(() => world.calls.includes("stop idle"));
    expect(world.calls).not.toContain("stop app");
    session[Symbol.dispose]();
    await until(() => world.calls.includes("stop app"));
  });

  it("frozen: a wake does not wait for it", async () => {
    await using redis = await startRedis();
    const world = realWorld();
    world.create("app", { labels });
    await using a = await join(world, redis.url, "a");
    redis.freeze();
    a.watcher("app").wake(BY_REQUEST);
    await until(() => a.state("app") === "ready");
    expect(world.calls).toEqual(["start app"]);
    await until(() => a.log.of("shared_store_unreachable").length === 1);
    redis.thaw();
    await until(() => a.replicas.status.kind === "synced");
  });

  it("at start: Wakegate serves, and joins later", async () => {
    await using redis = await startRedis();
    await redis.kill();
    const world = realWorld();
    world.create("app", { labels });
    await using a = await join(world, redis.url, "a");
    a.watcher("app").wake(BY_REQUEST);
    await until(() => a.state("app") === "ready");
    expect(a.replicas.status).toMatchObject({ kind: "unreachable" });
    await redis.restart();
    await leaderOf([a]);
  });

  it("for one replica: the other waits lost_grace, and the lost one asks the engine before it passes a request", async () => {
    await using redis = await startRedis();
    await using relay = await openTcpRelay(redis.port);
    const world = realWorld();
    world.create("app", { labels: { ...labels, "wakegate.idle_timeout": "1h" } });
    await using a = await join(world, redis.url, "a");
    await using b = await join(world, `redis://127.0.0.1:${String(relay.port)}`, "b");
    await leaderOf([a, b]);
    b.watcher("app").wake(BY_REQUEST);
    await until(() => a.state("app") === "ready" && b.state("app") === "ready");
    relay.refuse();
    await until(() => a.log.of("replicas").some((line) => line.includes("lost: b")));
    // It stops behind b's back, and the event is lost.
    await leaderOf([a]);
    world.deaf = true;
    world.dies("app", 143);
    world.deaf = false;
    await until(() => b.watcher("app").gate.kind !== "ready");
    expect(world.calls).toEqual(["start app"]);
    relay.pass();
    await until(() => b.replicas.status.kind === "synced");
  });

  it("and a silent engine: nothing passes until the engine answers, target by target", async () => {
    await using redis = await startRedis();
    await using relay = await openTcpRelay(redis.port);
    const world = realWorld();
    const lasting = { ...labels, "wakegate.idle_timeout": "1h" };
    world.create("silent", { labels: lasting });
    world.create("fine", { labels: lasting });
    await using b = await join(world, `redis://127.0.0.1:${String(relay.port)}`, "b");
    await leaderOf([b]);
    for (const name of ["silent", "fine"]) b.watcher(name).wake(BY_REQUEST);
    await until(() => b.state("silent") === "ready" && b.state("fine") === "ready");
    let asked = 0;
    let refuses = true;
    world.onAnswer = async (instance) => {
      if (instance?.name !== "silent" || !refuses) return instance;
      asked += 1;
      throw new ProviderError("engine_timeout", "local", "the engine does not answer");
    };
    relay.refuse();
    await until(() => b.watcher("silent").gate.kind !== "ready");
    const before = asked;
    await until(() => asked > before + 1);
    expect(b.watcher("silent").gate.kind).not.toBe("ready");
    expect(b.watcher("fine").gate.kind).toBe("ready");
    // Redis alone proves nothing about what was missed.
    relay.pass();
    await until(() => b.replicas.status.kind === "synced");
    expect(b.watcher("silent").gate.kind).not.toBe("ready");
    refuses = false;
    await until(() => b.watcher("silent").gate.kind === "ready");
    expect(world.calls.filter((call) => call.startsWith("st"))).toHaveLength(2);
  });

  it("slow: an answer within the limit is waited for, a later one counts as unreachable", async () => {
    await using redis = await startRedis();
    await using relay = await openTcpRelay(redis.port);
    const world = realWorld();
    world.create("app", { labels });
    relay.delay(30);
    await using a = await join(world, `redis://127.0.0.1:${String(relay.port)}`, "a");
    await leaderOf([a]);
    a.watcher("app").wake(BY_REQUEST);
    await until(() => world.calls.includes("stop app"));
    relay.delay(1_200);
    await until(() => a.replicas.mayNotSleep?.kind === "nobody");
    relay.delay(0);
    await leaderOf([a]);
  });
});

suite("redis", "a shared store that refuses access", () => {
  async function loggedOutage(url: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    await using a = await join(realWorld(), url, "a", env);
    await until(() => a.log.of("shared_store_unreachable").length > 0);
    return a.log.of("shared_store_unreachable")[0] ?? "";
  }

  it("names the wrong password setting, never the password", async () => {
    await using redis = await startRedis(["requirepass right"]);
    const wrong = await loggedOutage(redis.url, { WAKEGATE_STORE_REDIS_PASSWORD: "hunter2" });
    expect(wrong).toContain("refuses the password: check store.redis.username and store.redis.password_file");
    expect(wrong).not.toContain("hunter2");
    expect(await loggedOutage(redis.url)).toContain("requires a password: set store.redis.password_file");
  });

  it("reports that Redis has no password", async () => {
    await using redis = await startRedis();
    const message = await loggedOutage(redis.url, { WAKEGATE_STORE_REDIS_PASSWORD: "hunter2" });
    expect(message).toContain("has no password, but one is configured");
  });

  it("names the missing permission; those of the guide are enough", async () => {
    await using redis = await startRedis();
    const guide = await readFile(new URL("../../docs/guide/replicas.md", import.meta.url), "utf8");
    const line = /^ACL SETUSER wakegate on >PASSWORD (.*)$/m.exec(guide)?.[1] ?? "";
    const rights = line.replaceAll("{home}", "{default}").split(" ");
    await redis.ask(["ACL", "SETUSER", "wakegate", "on", ">secret", "~other:*", "+@all"]);
    const env = { WAKEGATE_STORE_REDIS_USERNAME: "wakegate", WAKEGATE_STORE_REDIS_PASSWORD: "secret" };
    expect(await loggedOutage(redis.url, env)).toContain("denies a command that Wakegate needs");
    await redis.ask(["ACL", "SETUSER", "wakegate", "reset", "on", ">secret", ...rights]);
    const world = realWorld();
    world.create("app", { labels });
    // Long enough that a busy machine does not look like an unreachable store.
    const patient = { ...env, WAKEGATE_STORE_REDIS_LEASE: "8s" };
    await using a = await join(world, redis.url, "a", patient);
    await using b = await join(world, redis.url, "b", patient);
    await leaderOf([a, b]);
    b.watcher("app").wake(BY_REQUEST);
    await until(() => world.calls.includes("stop app"));
    expect(a.log.of("shared_store_unreachable")).toEqual([]);
  });

  it("uses TLS, and names the certificate that it does not trust", async () => {
    await using folder = await tempFolder("redis-tls");
    const [key, cert] = [path(folder.path, "key.pem"), path(folder.path, "cert.pem")];
    const subject = ["-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert, ...subject], {
      stdio: "ignore",
    });
    const port = await freePort();
    const files = [`tls-cert-file ${cert}`, `tls-key-file ${key}`, `tls-ca-cert-file ${cert}`];
    await using redis = await startRedis([`tls-port ${String(port)}`, "tls-auth-clients no", ...files]);
    const url = `rediss://127.0.0.1:${String(port)}`;
    expect(await loggedOutage(url)).toContain("is not trusted");
    expect(await loggedOutage(`rediss://127.0.0.1:${String(redis.port)}`)).toContain(
      "use redis:// in store.redis.url",
    );
    await using a = await join(realWorld(), url, "a", { WAKEGATE_STORE_REDIS_CA_FILE: cert });
    expect(a.replicas.status.kind).toBe("synced");
  });
});
