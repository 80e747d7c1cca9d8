import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../../../src/lib/clock.ts";
import { ProxmoxError } from "../../../src/providers/proxmox/errors.ts";
import { RecordingSink } from "../../contract/recording-sink.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { never, openRig, type Rig } from "./rig.ts";

const STARTS = /\/status\/start$/;

async function failureOf(work: Promise<unknown>): Promise<ProxmoxError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof ProxmoxError)) throw new Error(`expected a ProxmoxError, not ${String(error)}`);
  return error;
}

/** The system's time, with durations that a test can skip. */
function skippingClock(): { readonly clock: Clock; readonly time: { aheadMs: number } } {
  const time = { aheadMs: 0 };
  return { time, clock: { ...systemClock, monotonic: () => systemClock.monotonic() + time.aheadMs } };
}

/** A watch that ends with the test. */
function follow({ provider }: Rig): AsyncDisposable & { sink: RecordingSink } {
  const sink = new RecordingSink();
  const stop = new AbortController();
  const done = provider.watch(sink, stop.signal);
  return {
    sink,
    [Symbol.asyncDispose]: () => {
      stop.abort();
      return done;
    },
  };
}

describe("1: a start that was accepted, ran for a moment and failed", () => {
  it("fails with the task's own words and log", async () => {
    await using rig = await openRig({ scale: 0.1 });
    const failStart = {
      exit: "startup for container '103' failed",
      log: ["run_buffer: 322 Script exited with status 32"],
    };
    rig.simulator.world.guests.add(103, { behaviour: { failStart } });
    const error = await failureOf(rig.wake(103));
    expect(error.code).toBe("engine_failed");
    expect(error.message).toContain("startup for container '103' failed");
    expect(error.message).toContain("Script exited with status 32");
    expect(error.task).toMatchObject({ exit: failStart.exit });
  });

  it("takes warnings for success", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(103, { behaviour: { warnings: 2 } });
    await rig.wake(103);
    expect(await rig.status(103)).toBe("running");
  });
});

describe("2: already running, not running, shutting down", () => {
  it("is content with a guest that runs, of either type", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(103, { status: "running" });
    rig.simulator.world.guests.add(200, { type: "qemu", status: "running" });
    await rig.wake(103);
    await rig.wake(200);
    expect(rig.simulator.count("POST", STARTS)).toBe(0);
  });

  it("is content with a guest that is off when it is to sleep", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(103);
    await rig.provider.sleep("lab:103", { method: "stop" }, never);
    await rig.provider.sleep("lab:103", { method: "kill" }, never);
    expect(rig.simulator.count("POST", /./)).toBe(0);
  });

  it("waits for a shutdown under way and starts again", async () => {
    await using rig = await openRig();
    const guest = rig.simulator.world.guests.add(103, { status: "running", behaviour: { shutdownMs: 400 } });
    // It may find the guest running again, and says so before the wake has ended.
    const asleep = rig.provider
      .sleep("lab:103", { method: "stop", timeoutMs: 60_000 }, never)
      .catch(() => undefined);
    while (guest.calls.length === 0) await delay(5);
    await rig.wake(103);
    await asleep;
    expect(guest.calls).toEqual(["shutdown", "start"]);
    expect(rig.waits[0]).toContain("shutting down");
    expect(guest.status).toBe("running");
  });

  it("resumes a paused machine in place of starting it", async () => {
    await using rig = await openRig();
    const guest = rig.simulator.world.guests.add(200, { type: "qemu", status: "running" });
    await rig.provider.sleep("lab:200", { method: "pause" }, never);
    expect(await rig.status(200)).toBe("paused");
    await rig.wake(200);
    expect(guest.calls).toEqual(["suspend", "resume"]);
    expect(await rig.status(200)).toBe("running");
  });
});

describe("3: one power call for many wakes", () => {
  it("joins wakes of one guest", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(103);
    await Promise.all(Array.from({ length: 50 }, () => rig.wake(103)));
    expect(rig.simulator.count("POST", STARTS)).toBe(1);
  });

  it("looks before it sends a lost call again, and does not when it was carried out", async () => {
    await using rig = await openRig();
    const guest = rig.simulator.world.guests.add(103);
    rig.simulator.world.faults.loseAnswers = 1;
    await rig.wake(103);
    expect(guest.calls).toEqual(["start"]);
    expect(await rig.status(103)).toBe("running");
  });

  it("goes on when a caller goes away", async () => {
    await using rig = await openRig();
    const guest = rig.simulator.world.guests.add(103);
    const left = new AbortController();
    const gone = rig.provider.wake({ id: "lab:103", status: "exited" }, left.signal);
    while (guest.calls.length === 0) await delay(5);
    left.abort(new Error("left"));
    await expect(gone).rejects.toThrow("left");
    await rig.wake(103);
    expect(guest.calls).toEqual(["start"]);
  });
});

describe("4: a guest that ignores its shutdown", () => {
  it("is killed when the grace is over, by the same call", async () => {
    await using rig = await openRig();
    const guest = rig.simulator.world.guests.add(103, {
      status: "running",
      behaviour: { onShutdown: "ignore" },
    });
    await rig.provider.sleep("lab:103", { method: "stop", timeoutMs: 3_000 }, never);
    expect(guest.calls).toEqual(["shutdown"]);
    expect(rig.simulator.seen.find(({ path }) => path.endsWith("/shutdown"))?.params).toEqual({
      timeout: "3",
      forceStop: "1",
    });
    expect(guest.status).toBe("stopped");
  });

  it("overrules a shutdown under way by a kill where that is known", async () => {
    await using rig = await openRig();
    const guest = rig.simulator.world.guests.add(103, {
      status: "running",
      behaviour: { onShutdown: "ignore" },
    });
    const slow = rig.provider.sleep("lab:103", { method: "stop", timeoutMs: 120_000 }, never);
    slow.catch(() => undefined);
    while (guest.calls.length === 0) await delay(5);
    await delay(30);
    await rig.provider.sleep("lab:103", { method: "kill" }, never);
    await slow.catch(() => undefined);
    expect(guest.status).toBe("stopped");
  });

  it("does not send what an older Proxmox does not know", async () => {
    await using rig = await openRig({ release: "8.1.4" });
    rig.simulator.world.guests.add(103, { status: "running" });
    await rig.provider.sleep("lab:103", { method: "kill" }, never);
    expect(rig.simulator.seen.find(({ path }) => path.endsWith("/stop"))?.params).toEqual({});
  });
});

describe("5: what is not known is not stopped", () => {
  it.each([["no-route"], ["refused"], ["silent"]] as const)(
    "keeps a guest whose node is gone: %s",
    async (fault) => {
      await using rig = await openRig({ nodes: ["pve1", "pve2"], tuning: { deadlines: { get: 1_500 } } });
      const guest = rig.simulator.world.guests.add(104, { node: "pve2", status: "running" });
      rig.simulator.collect();
      await using watching = follow(rig);
      await watching.sink.until("listed", ({ listings }) => listings.length === 1);
      const node = rig.simulator.world.nodes.get(guest.node);
      if (node) node.fault = fault;
      rig.simulator.collect();
      await delay(150);
      const error = await failureOf(rig.provider.inspect("lab:104", never));
      expect(["engine_unreachable", "engine_timeout"]).toContain(error.code);
      expect((await failureOf(rig.wake(104, 300))).code).not.toBe("not_found");
      expect(watching.sink.causes("lab:104")).toEqual([]);
      expect(watching.sink.outages).toEqual([]);
    },
  );

  it("lists a guest of unknown status as one that may run", async () => {
    await using rig = await openRig({ nodes: ["pve1", "pve2"] });
    rig.simulator.world.guests.add(104, { node: "pve2" });
    const node = rig.simulator.world.nodes.get("pve2");
    if (node) node.fault = "no-route";
    rig.simulator.collect();
    await using watching = follow(rig);
    await watching.sink.until("listed", ({ listings }) => listings.length === 1);
    expect(watching.sink.listings[0]?.instances[0]).toMatchObject({ id: "lab:104", status: "running" });
  });

  it("does not take a missing right for a missing guest", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(103);
    expect(await rig.provider.inspect("999", never)).toBeUndefined();
    for (const who of ["wakegate@pve", "wakegate@pve!power"]) rig.simulator.world.rights.revoke("/vms", who);
    const error = await failureOf(rig.provider.inspect("103", never));
    expect(error).toMatchObject({ code: "engine_forbidden", status: 403 });
    expect(error.message).toContain("VM.Audit on /vms/103");
    expect((await failureOf(rig.provider.inspect("777", never))).code).toBe("engine_forbidden");
  });
});

describe("6: a refusal costs 3 s of a worker", () => {
  it("asks once, says why and backs off", async () => {
    await using rig = await openRig({
      login: () => ({ kind: "token", id: "wakegate@pve!power", secret: { text: "00000000-dead" } }),
    });
    rig.simulator.world.guests.add(103);
    const errors = await Promise.all(
      Array.from({ length: 20 }, () => failureOf(rig.provider.inspect("103", never))),
    );
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["engine_forbidden"]));
    expect(errors[0]).toMatchObject({ status: 401, reason: "Authentication failed!" });
    expect(errors[0]?.message).toContain("unknown, expired or disabled");
    await failureOf(rig.wake(103));
    expect(rig.simulator.seen).toHaveLength(1);
  });

  it("lets Wakegate in again once the secret is corrected, without a restart", async () => {
    await using folder = await tempFolder("pve-secret");
    const file = join(folder.path, "secret");
    writeFileSync(file, "00000000-dead");
    const { time, clock } = skippingClock();
    await using rig = await openRig({
      clock,
      login: () => ({ kind: "token", id: "wakegate@pve!power", secret: { file } }),
    });
    rig.simulator.world.guests.add(103);
    await failureOf(rig.provider.inspect("103", never));
    writeFileSync(file, rig.secret);
    // Refused while the retry delay lasts: several times, because the first one was the fault.
    await failureOf(rig.provider.inspect("103", never));
    await failureOf(rig.provider.inspect("103", never));
    time.aheadMs += 11_000;
    expect(await rig.status(103)).toBe("exited");
  });

  it("lets Wakegate in again once a disabled user is enabled", async () => {
    const { time, clock } = skippingClock();
    await using rig = await openRig({ clock });
    rig.simulator.world.guests.add(103);
    expect(await rig.status(103)).toBe("exited");
    const user = rig.simulator.world.rights.users.get("wakegate@pve");
    if (!user) throw new Error("the simulator has no such user");
    user.enabled = false;
    expect((await failureOf(rig.provider.inspect("103", never))).code).toBe("engine_forbidden");
    await failureOf(rig.provider.inspect("103", never));
    user.enabled = true;
    time.aheadMs += 11_000;
    expect(await rig.status(103)).toBe("exited");
  });
});

describe("7: connections that the server closes", () => {
  it("survives idle sockets, every hundredth request and errors", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(103);
    for (let i = 0; i < 250; i++) await rig.provider.usage("lab:103", never);
    expect(rig.simulator.connections).toBeLessThan(260);
    await delay(300);
    expect(await rig.status(103)).toBe("exited");
  });

  it("asks a GET again that was cut off, once", async () => {
    await using rig = await openRig({ scale: 0.2 });
    rig.simulator.world.guests.add(103);
    expect(await rig.status(103)).toBe("exited");
    rig.simulator.world.faults.cutAnswers = 1;
    await rig.provider.inspect("nobody", never);
    rig.simulator.world.faults.cutAnswers = 2;
    const error = await failureOf(rig.provider.inspect("nobody", never));
    expect(error.code).toBe("engine_unreachable");
  });

  it("never sends a power call twice of which the answer was lost", async () => {
    await using rig = await openRig();
    const guest = rig.simulator.world.guests.add(103, { status: "running" });
    rig.simulator.world.faults.loseAnswers = 1;
    await rig.provider.sleep("lab:103", { method: "stop" }, never);
    expect(guest.calls).toEqual(["shutdown"]);
    expect(guest.status).toBe("stopped");
  });
});

describe("a container that is shutting down", () => {
  it("has ended, once, and is started when its cleanup is done", async () => {
    await using rig = await openRig();
    const { guests } = rig.simulator.world;
    const guest = guests.add(103, {
      status: "running",
      behaviour: { endingMs: 4_000, socketFailures: 2, startMs: 100 },
    });
    await using following = follow(rig);
    await following.sink.until("a listing", ({ listings }) => listings.length > 0);
    expect(await rig.status(103)).toBe("running");
    const off = guests.switchOff(guest);
    expect(await rig.status(103)).toBe("exited");
    expect(guest.ending).toBe(true);
    await rig.wake(103);
    await off;
    expect(await rig.status(103)).toBe("running");
    expect(guest.calls).toEqual(["start"]);
    expect(rig.waits).toEqual(["it is still shutting down", "over"]);
    const causes = following.sink
      .causes("lab:103")
      .filter((cause) => cause === "died" || cause === "started");
    expect(causes).toEqual(["died", "started"]);
  });

  it("is waited for by a sleep, which sends nothing", async () => {
    await using rig = await openRig();
    const { guests } = rig.simulator.world;
    const guest = guests.add(103, { status: "running", behaviour: { endingMs: 400 } });
    const off = guests.switchOff(guest);
    await rig.provider.sleep("lab:103", { method: "stop" }, never);
    expect(guest.status).toBe("stopped");
    expect(guest.calls).toEqual([]);
    await off;
  });
});

describe("an API daemon that restarts", () => {
  it("is waited out by a wake", async () => {
    await using rig = await openRig();
    const { guests, faults } = rig.simulator.world;
    const guest = guests.add(103);
    expect(await rig.status(103)).toBe("exited");
    faults.daemon = "down";
    setTimeout(() => (faults.daemon = "up"), 300);
    await rig.wake(103);
    expect(guest.calls).toEqual(["start"]);
    expect(rig.waits[0]).toMatch(/^Proxmox does not answer: /);
  });

  it("fails the wake with its own reason when it stays away", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(103);
    expect(await rig.status(103)).toBe("exited");
    rig.simulator.world.faults.daemon = "down";
    expect((await failureOf(rig.wake(103, 200))).code).toBe("engine_unreachable");
  });
});

describe("8: a guest that moved", () => {
  it("is found on its new node", async () => {
    await using rig = await openRig({ nodes: ["pve1", "pve2"] });
    const guest = rig.simulator.world.guests.add(103);
    expect(await rig.status(103)).toBe("exited");
    guest.node = "pve2";
    await rig.wake(103);
    expect(rig.simulator.count("POST", /^\/nodes\/pve2\/lxc\/103\/status\/start$/)).toBe(1);
    guest.node = "pve1";
    expect(await rig.status(103)).toBe("running");
  });
});

describe("9: a lock that passes", () => {
  it("starts a machine in place that QEMU runs only to back it up", async () => {
    await using rig = await openRig();
    const { guests } = rig.simulator.world;
    const guest = guests.add(200, { type: "qemu" });
    guests.beginBackup(guest);
    expect(await rig.status(200)).toBe("exited");
    await rig.wake(200);
    expect(guest.calls).toEqual(["start"]);
    expect(await rig.status(200)).toBe("running");
    await guests.endBackup(guest);
    expect(await rig.status(200)).toBe("running");
  });

  it("leaves a machine asleep that QEMU runs only to back it up", async () => {
    await using rig = await openRig();
    const { guests } = rig.simulator.world;
    const guest = guests.add(200, { type: "qemu" });
    await using following = follow(rig);
    await following.sink.until("a listing", ({ listings }) => listings.length > 0);
    guests.beginBackup(guest);
    await rig.provider.sleep("lab:200", { method: "stop" }, never);
    expect(await rig.status(200)).toBe("exited");
    expect(guest.calls).toEqual([]);
    expect(following.sink.causes("lab:200")).not.toContain("started");
    await guests.endBackup(guest);
  });

  it("resumes a paused machine during its backup", async () => {
    await using rig = await openRig();
    const { guests } = rig.simulator.world;
    const guest = guests.add(200, { type: "qemu", status: "running" });
    await rig.provider.sleep("lab:200", { method: "pause" }, never);
    guests.beginBackup(guest);
    await rig.wake(200);
    expect(await rig.status(200)).toBe("running");
    expect(rig.waits).toEqual([]);
  });

  it("waits for a backup, says so, and starts", async () => {
    await using rig = await openRig();
    const guest = rig.simulator.world.guests.add(103, { lock: "backup" });
    setTimeout(() => (guest.lock = undefined), 300);
    await rig.wake(103);
    expect(guest.calls).toEqual(["start"]);
    expect(rig.waits).toEqual(["CT 103 is locked (backup)", "over"]);
  });

  it.each([
    ["lxc", "stop"],
    ["lxc", "kill"],
    ["qemu", "stop"],
    ["qemu", "pause"],
    ["qemu", "hibernate"],
  ] as const)("is named by an inspection, and a sleep of it (%s, %s) sends nothing", async (type, method) => {
    await using rig = await openRig();
    const guest = rig.simulator.world.guests.add(103, { type, status: "running", lock: "backup" });
    const words = `${type === "lxc" ? "CT" : "VM"} 103 is locked (backup)`;
    expect((await rig.provider.inspect("lab:103", never))?.locked).toBe(words);
    const error = await failureOf(rig.provider.sleep("lab:103", { method }, never));
    expect([error.code, error.message, guest.calls]).toEqual(["engine_busy", `engine lab: ${words}`, []]);
    guest.lock = undefined;
    expect(await rig.provider.inspect("lab:103", never)).not.toHaveProperty("locked");
  });

  it("that is taken between the look and the task is no failure of the sleep", async () => {
    await using rig = await openRig({ scale: 0.1 });
    const guest = rig.simulator.world.guests.add(103, { status: "running" });
    let release = (): void => undefined;
    guest.lockQueue = new Promise((resolve) => (release = resolve));
    const sleeping = failureOf(rig.provider.sleep("lab:103", { method: "stop" }, never));
    await expect.poll(() => guest.calls).toEqual(["shutdown"]);
    guest.lock = "backup";
    release();
    expect((await sleeping).code).toBe("engine_busy");
  });

  it("gives up with the reason when the time for the wake is over", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(103, { lock: "migrate" });
    const error = await failureOf(rig.wake(103, 200));
    expect(error.code).toBe("engine_failed");
    expect(error.message).toContain("CT 103 is locked (migrate)");
  });
});

describe("10: HA", () => {
  it("is done when the guest runs, not when the task is", async () => {
    await using rig = await openRig({ scale: 0.05 });
    const guest = rig.simulator.world.guests.add(103);
    guest.ha = { state: "stopped", group: null, wanted: "stopped" };
    await rig.wake(103);
    expect(guest.status).toBe("running");
    await rig.provider.sleep("lab:103", { method: "stop" }, never);
    expect(guest.status).toBe("stopped");
  });
});

describe("11: forms of answers", () => {
  it("bears numbers as texts, null for a list and fields of later versions", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(103, {
      config: { memory: "128", net0: "name=eth0,bridge=vmbr0,ip=dhcp" },
    });
    rig.simulator.world.guests.add(200, { type: "qemu", config: { pressurecpu: "0.1" } });
    expect((await rig.provider.inspect("103", never))?.networks).toEqual([]);
    await rig.wake(103);
    expect((await rig.provider.inspect("103", never))?.networks).toEqual([
      { name: "eth0", address: "10.99.0.103" },
    ]);
    expect(await rig.status(200)).toBe("exited");
  });
});

describe("12: words of strangers", () => {
  it("puts names and errors on one line without control characters", async () => {
    await using rig = await openRig();
    const exit = "hook \u001b[31m<script>\u202e\r\nfailed";
    rig.simulator.world.guests.add(103, {
      name: "we\u0007b\n3",
      behaviour: { failStart: { exit, log: [] } },
    });
    rig.simulator.collect();
    const error = await failureOf(rig.wake(103));
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect((await rig.provider.inspect("103", never))?.name).toBe("we b 3");
  });
});

describe("13: a token without rights", () => {
  it("is told apart from an empty cluster", async () => {
    await using empty = await openRig();
    await using nothing = follow(empty);
    await nothing.sink.until("listed", ({ listings }) => listings[0]?.instances.length === 0);
    await using rig = await openRig();
    rig.simulator.world.guests.add(103);
    rig.simulator.world.rights.revoke("/vms", "wakegate@pve!power");
    await using watching = follow(rig);
    await watching.sink.until("away", ({ outages }) => outages.length === 1);
    expect(watching.sink.outages[0]).toMatchObject({ code: "engine_forbidden" });
    expect(watching.sink.outages[0]?.message).toContain(
      "pveum acl modify /vms --tokens 'wakegate@pve!power'",
    );
    expect(watching.sink.listings).toEqual([]);
    rig.simulator.world.rights.grant("/vms", "wakegate@pve!power", "PVEVMUser");
    await watching.sink.until("listed", ({ listings }) => listings.length === 1);
  });

  it("names the right that a followed guest lacks", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(103);
    rig.simulator.world.rights.roles.set("AuditOnly", new Set(["VM.Audit"]));
    rig.simulator.world.rights.grant("/vms/103", "wakegate@pve!power", "AuditOnly");
    rig.provider.follow(new Set(["lab:103"]));
    await using watching = follow(rig);
    await watching.sink.until("listed", ({ listings }) => listings.length === 1);
    for (let i = 0; i < 100 && rig.logged.length < 2; i++) await delay(20);
    expect(rig.logged.join("\n")).toContain("lacks VM.PowerMgmt on /vms/103");
    const error = await failureOf(rig.wake(103));
    expect(error.message).toContain("VM.PowerMgmt on /vms/103");
  });
});
