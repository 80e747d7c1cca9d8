import { describe, expect, it } from "vitest";
import { parseRedisUrl } from "../../src/config/values/redis-url.ts";
import { loadText } from "./support.ts";

const ENGINE = { env: { DOCKER_HOST: "unix:///nowhere.sock" } };

async function problems(
  redis: string,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const loaded = await loadText(`store: { redis: ${redis} }\n`, { env: { ...ENGINE.env, ...env } });
  if (!("problems" in loaded)) throw new Error("no problems");
  return loaded.problems.map(({ where, key, value, message }) => [where, key, value, message].join(" "));
}

describe("store.redis", () => {
  it("has defaults for all but the address", async () => {
    const loaded = await loadText('store: { redis: { url: "redis://redis" } }\n', ENGINE);
    if (!("settings" in loaded)) throw new Error(JSON.stringify(loaded.problems));
    expect(loaded.settings.redis).toEqual({
      host: "redis",
      port: 6379,
      tls: false,
      database: 0,
      cluster: "default",
      leaseMs: 10_000,
      lostGraceMs: 60_000,
    });
  });

  it("is unset where nothing is said", async () => {
    const loaded = await loadText("", ENGINE);
    expect("settings" in loaded && loaded.settings.redis).toBeUndefined();
  });

  it("takes the password from the environment", async () => {
    const env = { ...ENGINE.env, WAKEGATE_STORE_REDIS_PASSWORD: "secret" };
    const loaded = await loadText('store: { redis: { url: "rediss://u@redis:1/2" } }\n', { env });
    expect("settings" in loaded && loaded.settings.redis).toMatchObject({
      tls: true,
      port: 1,
      database: 2,
      username: "u",
      password: { text: "secret" },
    });
  });

  it.each([
    ["{ cluster: home }", "has no url: add redis://host:6379"],
    ['{ url: "http://:hunter2@redis" }', "expected redis://host:6379"],
    ['{ url: "redis://:hunter2@redis/x" }', "expected a number as path"],
    ['{ url: "redis://:hunter2@redis", password: hunter2 }', "keep one of them"],
    ['{ url: "redis://redis", password: hunter2, password_file: ./file }', "keep one of them"],
    ['{ url: "redis://redis", password: "" }', "is empty"],
    ['{ url: "redis://redis", ca_file: ./ca.pem }', "of no use without TLS"],
    ['{ url: "redis://redis", lease: 500ms }', "one second at least"],
    ['{ url: "redis://redis", cluster: "a b" }', "expected letters"],
  ])("says what is wrong with %s, and never tells a secret", async (redis, message) => {
    const found = await problems(redis);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
    expect(found[0]).toMatch(/^wakegate\.yaml:1:\d+ /);
    expect(found[0]).not.toContain("hunter2");
  });

  it("refuses programs, which only one Wakegate can have", async () => {
    const text = [
      'store: { redis: { url: "redis://redis" } }',
      "targets:",
      "  tool: { process: { command: [sleep, '1'] }, hosts: [tool.test], port: 1 }",
    ].join("\n");
    const loaded = await loadText(text, ENGINE);
    expect("problems" in loaded && loaded.problems.map(({ key }) => key)).toEqual(["targets.tool.process"]);
  });
});

describe("parseRedisUrl", () => {
  it("reads every part", () => {
    expect(parseRedisUrl("rediss://me:p%40ss@[fd00::1]:7000/3")).toEqual({
      ok: true,
      value: { host: "fd00::1", port: 7000, tls: true, database: 3, username: "me", password: "p@ss" },
    });
  });

  it.each(["unix:///run/redis.sock", "redis://", "redis://h?x=1", "redis://h/%zz", "", "redis://%zz@h"])(
    "refuses %s",
    (written) => {
      expect(parseRedisUrl(written).ok).toBe(false);
    },
  );
});
