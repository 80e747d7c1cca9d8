import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load.ts";
import { settingVariables } from "../../src/config/environment.ts";
import { loadText, settingsOf, told } from "./support.ts";

const bare = { cwd: "/srv", socketExists: () => true };

describe("environment", () => {
  it("is stronger than the file, key by key, and says so", async () => {
    const loaded = await loadText(
      "log: { level: info, format: json }\ndefaults: { idle_timeout: 1h, wake_timeout: 2m }\n",
      {
        env: { WAKEGATE_LOG_LEVEL: "debug", WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "5m" },
      },
    );
    expect(settingsOf(loaded)).toMatchObject({
      log: { level: "debug", format: "json" },
      defaults: { idleTimeoutMs: 300_000, wakeTimeoutMs: 120_000 },
    });
    expect(told(loaded)).toEqual([
      "wakegate.yaml:1:15 log.level: has no effect in the file: the variable WAKEGATE_LOG_LEVEL is stronger",
      "wakegate.yaml:2:27 defaults.idle_timeout: has no effect in the file: the variable WAKEGATE_DEFAULTS_IDLE_TIMEOUT is stronger",
    ]);
  });

  it("sets every general key and every default", async () => {
    const env = {
      WAKEGATE_LISTEN: ":1",
      WAKEGATE_PUBLIC_LISTEN: ":2",
      WAKEGATE_STATE_DIR: "data",
      WAKEGATE_TRUSTED_PROXIES: "loopback, 10.1.0.0/16",
      WAKEGATE_LOG_FORMAT: "json",
      WAKEGATE_UNKNOWN_HOSTS: "deny",
      WAKEGATE_PUBLIC_URL: "https://wake.example.com/",
      WAKEGATE_TEMPLATES_DIR: "/themes",
      WAKEGATE_DEFAULTS_PAGE_DETAILS: "true",
      WAKEGATE_DEFAULTS_READINESS_STATUS: "200",
      WAKEGATE_DEFAULTS_HOSTS: "{service}.example.com",
      WAKEGATE_DEFAULTS_IDLE_TIMEOUT: "never",
    };
    const settings = settingsOf(await loadSettings({ ...bare, env }));
    expect(settings).toMatchObject({
      listen: { host: "0.0.0.0", port: 1 },
      publicListen: { host: "0.0.0.0", port: 2 },
      stateDir: "/srv/data",
      trustedProxies: ["127.0.0.0/8", "::1/128", "10.1.0.0/16"],
      trustedProxiesSet: true,
      unknownHosts: "deny",
      publicUrl: "https://wake.example.com",
      templatesDir: "/themes",
      defaults: {
        page: { details: true },
        readiness: { statuses: [[200, 200]] },
        hosts: ["{service}.example.com"],
      },
    });
    expect(settings.defaults.idleTimeoutMs).toBeUndefined();
  });

  it("tells bad values with the variable's name", async () => {
    const loaded = await loadSettings({
      ...bare,
      env: { WAKEGATE_LISTEN: "9190", WAKEGATE_DEFAULTS_PORT: "x", WAKEGATE_LISTNE: "1" },
    });
    expect("problems" in loaded && loaded.problems.map(({ key, value }) => [key, value])).toEqual([
      ["WAKEGATE_LISTEN", "9190"],
      ["WAKEGATE_DEFAULTS_PORT", "x"],
      ["WAKEGATE_LISTNE", undefined],
    ]);
  });

  it("takes DOCKER_HOST as the default engine only", async () => {
    const env = { DOCKER_HOST: "tcp://nas:2376", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" };
    expect(settingsOf(await loadSettings({ ...bare, env })).engines).toEqual([
      {
        kind: "docker",
        name: "local",
        url: "tcp://nas:2376",
        tls: { caFile: "/certs/ca.pem", certFile: "/certs/cert.pem", keyFile: "/certs/key.pem" },
      },
    ]);
    const named = await loadText("providers: { docker: { one: tcp://one } }", { env });
    expect(settingsOf(named).engines.map(({ name }) => name)).toEqual(["one"]);
    expect(told(await loadSettings({ ...bare, env: { DOCKER_HOST: "ssh://nas" } })).join()).toContain(
      "DOCKER_HOST: ssh",
    );
  });

  it("has other defaults in the container image", async () => {
    const settings = settingsOf(await loadSettings({ ...bare, env: { WAKEGATE_IMAGE: "1" } }));
    expect(settings).toMatchObject({ listen: { host: "0.0.0.0", port: 9190 }, stateDir: "/state" });
  });

  it("has one variable for each key", () => {
    const names = settingVariables().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("WAKEGATE_DEFAULTS_IDLE_TIMEOUT");
  });
});
