import { describe, expect, it } from "vitest";
import { parseMac, parseMachineUrl, parseSecureOn } from "../../src/config/values/machine.ts";
import { loadText, messageFor, read, settingsOf, told, valueOf } from "./support.ts";

const UNIT = "{ wake: [systemctl, start, x], status: [systemctl, is-active, x]";
const file = (targets: string, docker = "{}"): string =>
  `providers: { docker: ${docker} }\ntargets:\n  ${targets}\n`;

describe("targets.*.command", () => {
  it("is an engine of its own with documented defaults", async () => {
    const settings = settingsOf(
      await loadText(file(`box: { command: ${UNIT}, sleep: [systemctl, stop, x] } }`)),
    );
    expect(settings.engines).toMatchObject([
      {
        kind: "command",
        name: "machine:box",
        target: "box",
        wake: { argv: ["systemctl", "start", "x"], env: {}, inherit: [], timeoutMs: 60_000 },
        sleep: { timeoutMs: 60_000 },
        status: { timeoutMs: 10_000 },
        running: [0],
        stopped: [3],
        cadence: { awakeMs: 60_000, asleepMs: 300_000 },
      },
    ]);
    expect(settings.targets[0]?.source).toEqual({
      kind: "machine",
      engine: "machine:box",
      by: "command",
      sleeps: true,
    });
  });

  it("says what it cannot do", async () => {
    const bad = `box: { command: ${UNIT} }, stop_method: pause, stop_signal: SIGINT, idle_timeout: 5m }`;
    const problems = told(await loadText(file(bad))).join("\n");
    expect(problems).toContain("targets.box.stop_method: what commands switch cannot be paused");
    expect(problems).toContain("targets.box.stop_signal: what commands switch takes no signals");
    expect(problems).toContain(
      "targets.box.idle_timeout: nothing says how to put it to sleep: add command.sleep",
    );
    expect(
      told(await loadText(file("box: { command: { wake: [], status: [a, 1] } }"))).length,
    ).toBeGreaterThan(1);
    const both = told(await loadText(file(`box: { command: ${UNIT} }, process: { command: [a] } }`))).join();
    expect(both).toContain("not both");
  });

  it("is refused in labels", async () => {
    for (const key of ["command.wake", "wol.mac", "swarm.service"]) {
      const reading = await read("app", { "wakegate.enable": "true", [`wakegate.${key}`]: "x" });
      expect(reading.problems.map(({ message }) => message).join()).toContain("belongs to the file");
    }
  });
});

describe("targets.*.wol", () => {
  it("reads addresses in all their spellings", () => {
    for (const text of ["AA:BB:CC:DD:EE:0F", "aa-bb-cc-dd-ee-0f", "aabb.ccdd.ee0f", "aabbccddee0f"]) {
      expect(valueOf(parseMac(text))).toBe("aa:bb:cc:dd:ee:0f");
    }
    for (const text of ["aa:bb:cc:dd:ee", "", "xx:bb:cc:dd:ee:ff", "ff:ff:ff:ff:ff:ff"])
      expect(valueOf(parseMac(text))).toBe("refused");
    expect(valueOf(parseSecureOn("00:11:22:33:44:55"))).toBe("00:11:22:33:44:55");
    expect(valueOf(parseSecureOn("10.0.0.1"))).toBe("0a:00:00:01");
    expect(valueOf(parseSecureOn("12345"))).toBe("refused");
  });

  it("reads where the machine answers", () => {
    expect(valueOf(parseMachineUrl("tcp://nas.lan:22"))).toEqual({
      scheme: "tcp",
      host: "nas.lan",
      port: 22,
      path: "/",
    });
    expect(valueOf(parseMachineUrl("https://[fd00::7]/up?a=b"))).toEqual({
      scheme: "https",
      host: "fd00::7",
      port: 443,
      path: "/up?a=b",
    });
    expect(messageFor(parseMachineUrl("tcp://nas.lan"))).toContain("a port too");
    for (const text of ["nas.lan:22", "ssh://nas:22", "tcp://nas:22/x", "tcp://nas:0"])
      expect(valueOf(parseMachineUrl(text))).toBe("refused");
  });
});

describe("inside", () => {
  const nas = `nas: { wol: { mac: "aa:bb:cc:dd:ee:ff", status: "tcp://nas:22" } }`;

  it("puts an engine into a machine of the file", async () => {
    const settings = settingsOf(await loadText(file(nas, '{ nas: { url: "tcp://nas:2375", inside: nas } }')));
    expect(settings.engines[0]).toEqual({
      kind: "docker",
      name: "nas",
      url: "tcp://nas:2375",
      inside: "nas",
    });
  });

  it("names a machine that is not there, with the one that was meant", async () => {
    const problems = told(await loadText(file(nas, '{ nas: { url: "tcp://nas:2375", inside: nass } }')));
    expect(problems.join()).toMatch(
      /providers\.docker\.nas\.inside: no target of this file.*did you mean "nas"/,
    );
  });
});

describe("providers.swarm", () => {
  it("stands in place of the default engine, beside others under another name", async () => {
    const swarm = 'providers: { swarm: { cluster: "unix:///s" } }';
    expect(settingsOf(await loadText(swarm)).engines).toEqual([
      { kind: "swarm", name: "cluster", url: "unix:///s" },
    ]);
    const twice = 'providers: { docker: { a: "unix:///s" }, swarm: { a: "unix:///s" } }';
    expect(told(await loadText(twice)).join()).toContain("give the swarm another name");
  });
});
