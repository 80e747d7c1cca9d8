import { describe, expect, it } from "vitest";
import type { CommandEngineSpec, CommandLine, WolEngineSpec } from "../../../src/config/model/machine.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { commandControls } from "../../../src/providers/command/controls.ts";
import { meaningOf } from "../../../src/providers/command/meaning.ts";
import { MachineProvider } from "../../../src/providers/machine/provider.ts";
import { wolControls } from "../../../src/providers/wol/controls.ts";
import { magicPacket } from "../../../src/providers/wol/magic-packet.ts";
import { freePort } from "../../support/free-port.ts";
import { ManagedApp } from "../../support/machine/manager.ts";
import { listenForWake } from "../../support/machine/wake-listener.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const never = new AbortController().signal;

describe("what a status means", () => {
  const said = (code: number, word = ""): { code: number; word: string } => ({ code, word });

  it("is told by exit codes, as systemctl is-active and LSB scripts have them", () => {
    const usual = { running: [0], stopped: [3] };
    expect(meaningOf(said(0), usual)).toBe("on");
    expect(meaningOf(said(3), usual)).toBe("off");
    for (const code of [1, 2, 4, 126, 127, 137]) expect(meaningOf(said(code), usual)).toBeUndefined();
  });

  it("is told by the first line where words are listed", () => {
    const virsh = { running: ["running"], stopped: ["shut off"] };
    expect(meaningOf(said(0, "running"), virsh)).toBe("on");
    expect(meaningOf(said(0, "Shut Off"), virsh)).toBe("off");
    expect(meaningOf(said(0, "in shutdown"), virsh)).toBeUndefined();
  });
});

describe("a machine by commands", () => {
  function machine(line: (verb: "start" | "stop" | "status") => string[]): MachineProvider {
    const of = (verb: "start" | "stop" | "status"): CommandLine => ({
      argv: line(verb),
      env: {},
      inherit: [],
      timeoutMs: 20_000,
    });
    const spec: CommandEngineSpec = {
      kind: "command",
      name: "machine:box",
      target: "box",
      wake: of("start"),
      status: of("status"),
      running: [0],
      stopped: [3],
      cadence: { awakeMs: 60_000, asleepMs: 60_000 },
    };
    return new MachineProvider(spec, commandControls(spec, systemClock), { clock: systemClock });
  }

  it("gives the last words of a wake that failed as evidence", async () => {
    await using folder = await tempFolder("machine");
    const app = new ManagedApp(folder.path, "box");
    await app.prepare({});
    await app.refuse();
    await using provider = machine((verb) => app.argv(verb));
    await expect(
      provider.wake({ id: "box" }, never, { withinMs: 300, onWaiting: () => undefined }),
    ).rejects.toMatchObject({
      code: "engine_failed",
      message: expect.stringMatching(
        /wake command .* exited with 4 and said: cannot start: out of luck/,
      ) as string,
      output: ["cannot start: out of luck"],
    });
  });

  it("says what to correct when its status makes no sense", async () => {
    await using provider = machine(() => ["/bin/sh", "-c", "echo crashed; exit 9"]);
    await expect(provider.inspect("box", never)).rejects.toMatchObject({
      code: "engine_unreachable",
      message: expect.stringMatching(/exited with 9 and said: crashed.*command\.running/) as string,
    });
  });

  it("cannot be put to sleep where nothing says how", async () => {
    await using folder = await tempFolder("machine");
    const app = new ManagedApp(folder.path, "box");
    await using provider = machine((verb) => app.argv(verb));
    await expect(provider.sleep("box", { method: "stop" }, never)).rejects.toMatchObject({
      code: "not_supported",
    });
  });
});

describe("a machine by Wake-on-LAN", () => {
  it("is called by a packet of 102 bytes, and by its SecureOn password behind them", () => {
    const packet = magicPacket("aa:bb:cc:dd:ee:ff");
    expect(packet).toHaveLength(102);
    expect(packet.toString("hex")).toBe(`${"ff".repeat(6)}${"aabbccddeeff".repeat(16)}`);
    expect(magicPacket("aa:bb:cc:dd:ee:ff", "00:11:22:33:44:55").subarray(102).toString("hex")).toBe(
      "001122334455",
    );
  });

  it("is called again until it is up, because packets get lost", async () => {
    await using folder = await tempFolder("wol");
    const app = new ManagedApp(folder.path, "nas");
    const port = await freePort();
    await app.prepare({ PORT: String(port) });
    const mac = "02:00:5e:10:00:02";
    const password = "001122334455";
    await using card = await listenForWake({
      mac,
      password,
      deafFor: 2,
      onPacket: () => void app.run("start"),
    });
    const spec: WolEngineSpec = {
      kind: "wol",
      name: "machine:nas",
      target: "nas",
      mac,
      broadcast: "127.0.0.1",
      port: card.port,
      secureOn: "00:11:22:33:44:55",
      status: { scheme: "http", host: "127.0.0.1", port, path: "/" },
      statusTimeoutMs: 2_000,
      cadence: { awakeMs: 60_000, asleepMs: 60_000 },
    };
    const controls = { ...wolControls(spec, systemClock), repeatMs: 50 };
    await using provider = new MachineProvider(spec, controls, { clock: systemClock });
    await provider.wake({ id: "nas" }, never);
    expect(card.heard).toBeGreaterThan(0);
    expect((await provider.inspect("nas", never))?.status).toBe("running");
    await app.run("kill");
  });
});
