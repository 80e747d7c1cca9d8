import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { RecordingSink } from "../../contract/recording-sink.ts";
import { makeAuthority } from "../../support/proxmox/certificate.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { never, openRig } from "./rig.ts";

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "no failure",
    (error: unknown) => (error as Error).message,
  );
}

describe("trust", () => {
  it("accepts the cluster's own root from a file", async () => {
    await using folder = await tempFolder("ca");
    const caFile = join(folder.path, "root.pem");
    await using rig = await openRig({ spec: { trust: { caFile } } });
    rig.simulator.world.guests.add(103);
    expect(await messageOf(rig.status(103))).toContain("ca_file cannot be read");
    await writeFile(caFile, rig.simulator.authority.root.cert);
    expect(await rig.status(103)).toBe("exited");
  });

  it("refuses another root and says what to do", async () => {
    await using folder = await tempFolder("ca");
    const caFile = join(folder.path, "root.pem");
    await writeFile(caFile, makeAuthority().root.cert);
    await using rig = await openRig({ spec: { trust: { caFile } } });
    expect(await messageOf(rig.status(103))).toContain("pve-root-ca.pem");
    expect(rig.simulator.seen).toEqual([]);
  });

  it("sends nothing, and so no secret, to a server with another fingerprint", async () => {
    await using rig = await openRig({ spec: { trust: { fingerprint: makeAuthority().root.fingerprint } } });
    expect(await messageOf(rig.status(103))).toContain("another fingerprint");
    expect(await messageOf(rig.wake(103))).toContain("another fingerprint");
    expect(rig.simulator.connections).toBeGreaterThan(0);
    expect(rig.simulator.seen).toEqual([]);
  });

  it("does not trust a private root by itself", async () => {
    await using rig = await openRig({ spec: { trust: undefined } as never });
    expect(await messageOf(rig.status(103))).toContain("not trusted");
    expect(rig.simulator.seen).toEqual([]);
  });
});

describe("login with a password", () => {
  const user = "owl@pve";

  async function passwordRig(clock?: VirtualClock) {
    const rig = await openRig({
      login: ({ world }) => {
        world.rights.users.set(user, { password: "correct horse", enabled: true });
        world.rights.grant("/vms", user, "PVEVMUser");
        return { kind: "password", user, secret: { text: "correct horse" } };
      },
      ...(clock && { clock }),
    });
    rig.simulator.world.guests.add(103);
    return rig;
  }

  it("fetches one ticket for many calls, and sends the token against forgery with power calls", async () => {
    await using rig = await passwordRig();
    await Promise.all(Array.from({ length: 10 }, () => rig.status(103)));
    await rig.wake(103);
    expect(await rig.status(103)).toBe("running");
    expect(rig.simulator.auth.tickets).toBe(1);
  });

  it("renews the ticket by the old one before it ends", async () => {
    const clock = new VirtualClock();
    await using rig = await passwordRig(clock);
    expect(await rig.status(103)).toBe("exited");
    await clock.advance(61 * 60_000);
    expect(await rig.status(103)).toBe("exited");
    const asked = rig.simulator.seen.filter(({ path }) => path === "/access/ticket");
    expect(asked.map(({ params }) => params["password"]?.startsWith("PVE:"))).toEqual([false, true]);
  });

  it("logs in again when the ticket is refused, whatever the words", async () => {
    await using rig = await passwordRig();
    expect(await rig.status(103)).toBe("exited");
    rig.simulator.auth.expireTickets();
    const before = rig.simulator.auth.tickets;
    expect(await rig.status(103)).toBe("exited");
    expect(rig.simulator.auth.tickets).toBe(before + 1);
  });

  it("says that a second factor does not work here", async () => {
    await using rig = await passwordRig();
    rig.simulator.world.faults.secondFactor = true;
    expect(await messageOf(rig.status(103))).toContain("use an API token");
    await messageOf(rig.status(103));
    expect(rig.simulator.seen).toHaveLength(1);
  });
});

describe("secrets", () => {
  it("are in no error and no log, whatever goes wrong", async () => {
    await using rig = await openRig({ tuning: { deadlines: { get: 300, post: 300 } } });
    rig.simulator.world.guests.add(103);
    const errors: unknown[] = [];
    const collect = async (work: Promise<unknown>): Promise<void> => {
      await work.catch((error: unknown) => errors.push(error));
    };
    await collect(rig.wake(103));
    rig.simulator.world.faults.daemon = "hung";
    await collect(rig.status(103));
    rig.simulator.world.faults.daemon = "down";
    await collect(rig.wake(103));
    rig.simulator.world.rights.expire("wakegate@pve!power");
    await collect(rig.status(103));
    await rig.simulator.goAway();
    await collect(rig.status(103));
    expect(errors.length).toBeGreaterThan(3);
    const { inspect } = await import("node:util");
    const text = `${inspect(errors, { depth: 9, showHidden: true })} ${rig.logged.join("\n")}`;
    expect(text).not.toContain(rig.secret);
  });

  it("are read from a file each time, so that they can be replaced", async () => {
    await using folder = await tempFolder("secret");
    const file = join(folder.path, "token");
    await writeFile(file, "wrong\n");
    const clock = new VirtualClock();
    await using rig = await openRig({
      login: () => ({ kind: "token", id: "wakegate@pve!power", secret: { file } }),
      clock,
    });
    rig.simulator.world.guests.add(103);
    expect(await messageOf(rig.status(103))).toContain("401");
    await writeFile(file, `${rig.secret}\n`);
    await clock.advance(20_000);
    expect(await rig.status(103)).toBe("exited");
  });
});

describe("deadlines and aborts", () => {
  it("ends a call that hangs, with the signal's own reason or the deadline's", async () => {
    await using rig = await openRig({ tuning: { deadlines: { get: 200 } } });
    rig.simulator.world.guests.add(103);
    await rig.status(103);
    rig.simulator.world.faults.daemon = "hung";
    expect(await messageOf(rig.status(103))).toContain("within 200 ms");
    const left = new AbortController();
    const pending = rig.provider.inspect("103", left.signal);
    await delay(20);
    const reason = new Error("gone");
    left.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });

  it("asks nothing at rest where nothing is managed and nothing is to be discovered", async () => {
    await using rig = await openRig({ spec: { discover: false } });
    rig.simulator.world.guests.add(103);
    const stop = new AbortController();
    const sink = new RecordingSink();
    const done = rig.provider.watch(sink, stop.signal);
    await sink.until("listed", ({ listings }) => listings.length === 1);
    await delay(200);
    const before = rig.simulator.seen.length;
    await delay(300);
    expect(rig.simulator.seen.length).toBe(before);
    rig.provider.follow(new Set(["lab:103"]));
    const polls = (): number => rig.simulator.count("GET", /^\/cluster\/resources$/);
    for (let tries = 0; polls() < 4 && tries < 200; tries++) await delay(25);
    expect(polls()).toBeGreaterThan(3);
    expect(rig.simulator.count("GET", /status\/current$/)).toBe(0);
    stop.abort();
    await done;
    expect(await rig.provider.usage("lab:103", never)).toBeUndefined();
  });
});
