import { describe, expect, it } from "vitest";
import { readCurrent, readGuest, statusOf } from "../../../src/providers/proxmox/guest.ts";
import { guestLabels } from "../../../src/providers/proxmox/labels.ts";
import { Memory } from "../../../src/providers/proxmox/memory.ts";
import { liveAddresses, staticAddresses } from "../../../src/providers/proxmox/network.ts";
import { holds, missingRights } from "../../../src/providers/proxmox/rights.ts";
import { parseUpid } from "../../../src/providers/proxmox/tasks.ts";

describe("guestLabels", () => {
  it("reads tags, short and long", () => {
    const tags = [
      "wakegate",
      "wakegate-idle-30m",
      "wakegate-host-a.example.com",
      "wakegate-host-b.example.com",
    ];
    expect(guestLabels([...tags, "wakegate-wake_timeout-2m", "backup"], "")).toEqual({
      "wakegate.enable": "true",
      "wakegate.idle_timeout": "30m",
      "wakegate.hosts": "a.example.com,b.example.com",
      "wakegate.wake_timeout": "2m",
    });
    expect(guestLabels(["wakegate", "wakegate-off"], "")).toEqual({ "wakegate.enable": "false" });
  });

  it("reads notes, which are stronger, in Markdown or plain", () => {
    const notes =
      "# Blog\n- `wakegate.idle_timeout: 5m`\nwakegate.hosts = blog.example.com\r\n* wakegate.readiness.kind: tcp\nsee wakegate.md";
    expect(guestLabels(["wakegate", "wakegate-idle-30m"], notes)).toEqual({
      "wakegate.enable": "true",
      "wakegate.idle_timeout": "5m",
      "wakegate.hosts": "blog.example.com",
      "wakegate.readiness.kind": "tcp",
    });
  });
});

describe("addresses", () => {
  it("come of interfaces, old and new, without loopback and link-local ones", () => {
    const entry = { name: "eth0", inet: "10.99.0.103/24", inet6: "fe80::1/64" };
    const expected = [{ name: "eth0", address: "10.99.0.103" }];
    expect(liveAddresses([{ name: "lo", inet: "127.0.0.1/8" }, entry])).toEqual(expected);
    const both = { ...entry, "ip-addresses": [{ "ip-address": "fd00::7" }, { "ip-address": "10.99.0.103" }] };
    expect(liveAddresses([both])).toEqual([...expected, { name: "eth0", address: "fd00::7" }]);
    expect(liveAddresses(null)).toEqual([]);
  });

  it("come of the configuration where it fixes them", () => {
    const net0 = "name=eth0,bridge=vmbr0,gw=10.99.0.1,ip=10.99.0.103/24,ip6=auto,type=veth";
    expect(staticAddresses({ net0, net1: "name=eth1,ip=dhcp" })).toEqual([
      { name: "eth0", address: "10.99.0.103" },
    ]);
    expect(staticAddresses({ ipconfig0: "ip=10.0.0.9/24,gw=10.0.0.1" })).toEqual([
      { name: "net0", address: "10.0.0.9" },
    ]);
  });
});

describe("guests", () => {
  it("are read from listings, whatever they lack", () => {
    expect(
      readGuest({ id: "lxc/104", type: "lxc", vmid: "104", node: "pve2", status: "unknown" }),
    ).toMatchObject({
      vmid: 104,
      status: "unknown",
      name: "ct-104",
    });
    expect(readGuest({ type: "node", node: "pve1" })).toBeUndefined();
    expect(readGuest({ type: "lxc", vmid: 104, node: "../x" })).toBeUndefined();
  });

  it("are paused only by their machine's own word", () => {
    expect(statusOf(readCurrent({ status: "running", qmpstatus: "paused" }))).toBe("paused");
    expect(statusOf(readCurrent({ status: "running", qmpstatus: "running", pid: 7 }))).toBe("running");
    expect(statusOf(readCurrent({ status: "stopped", lock: "suspended" }))).toBe("exited");
  });

  it("are asleep while QEMU runs only for their backup", () => {
    const current = readCurrent({
      status: "running",
      qmpstatus: "prelaunch",
      pid: 7,
      uptime: 4,
      lock: "backup",
    });
    expect(statusOf(current)).toBe("exited");
  });
});

describe("Memory", () => {
  /** So many seconds after the first look. */
  const after = (seconds: number) => ({ wall: seconds * 1_000, monotonic: seconds * 1_000 });
  const at = (pid: number | undefined, uptime: number, more: object = {}) =>
    readCurrent({ status: pid === undefined ? "stopped" : "running", pid, uptime, ...more });

  it("tells what happened between two looks", () => {
    const memory = new Memory();
    expect(memory.observe(103, at(undefined, 0), after(0))).toEqual([]);
    expect(memory.observe(103, at(500, 1), after(0))).toEqual(["started"]);
    const run = memory.runOf(103);
    expect(memory.observe(103, at(500, 9), after(0))).toEqual([]);
    expect(memory.observe(103, at(500, 9, { qmpstatus: "paused" }), after(0))).toEqual(["paused"]);
    expect(memory.observe(103, at(500, 10), after(0))).toEqual(["unpaused"]);
    expect(memory.runOf(103)).toBe(run);
    expect(memory.observe(103, at(501, 1), after(0))).toEqual(["died", "started"]);
    expect(memory.observe(103, at(undefined, 0), after(0))).toEqual(["died"]);
    expect(memory.runOf(103)).not.toBe(run);
  });

  it("takes a container without a process for one that has ended", () => {
    const memory = new Memory();
    memory.observe(103, at(500, 900), after(0));
    const ending = readCurrent({ status: "running", uptime: 0 });
    expect(ending.power).toBe("shutting_down");
    expect(memory.observe(103, ending, after(1))).toEqual(["died"]);
    expect(memory.observe(103, ending, after(2))).toEqual([]);
    expect(memory.observe(103, at(undefined, 0), after(3))).toEqual([]);
    expect(memory.observe(103, at(501, 0), after(4))).toEqual(["started"]);
  });

  it("does not take the listing of an earlier run for another start", () => {
    const memory = new Memory();
    const listed = (uptime: number) =>
      readGuest({ type: "lxc", vmid: 103, node: "pve1", status: "running", uptime }) as never;
    memory.observe(103, at(500, 900), after(0));
    memory.observe(103, at(undefined, 0), after(10));
    memory.observe(103, at(501, 1), after(12));
    const run = memory.runOf(103);
    expect(memory.contradicts(listed(905), 13_000)).toBe(false);
    expect(memory.observe(103, at(501, 3), after(14))).toEqual([]);
    expect(memory.runOf(103)).toBe(run);
  });

  it("notices a restart, and a machine that stood still, by the uptime of a later listing", () => {
    const memory = new Memory();
    const listed = (uptime: number) =>
      readGuest({ type: "qemu", vmid: 103, node: "pve1", status: "running", uptime }) as never;
    memory.observe(103, at(500, 100), after(0));
    expect(memory.contradicts(listed(3_695), 3_600_000)).toBe(false);
    expect(memory.contradicts(listed(1_800), 3_600_000)).toBe(true);
  });

  it("knows a new run under the same process id by its uptime", () => {
    const memory = new Memory();
    memory.observe(103, at(500, 900), after(0));
    const run = memory.runOf(103);
    expect(memory.observe(103, at(500, 5), after(0))).toEqual(["died", "started"]);
    expect(memory.runOf(103)).not.toBe(run);
  });

  it("does not contradict a live word by a listing that only is old", () => {
    const memory = new Memory();
    const entry = { type: "lxc", vmid: 103, node: "pve1", status: "running", uptime: 95 };
    memory.observe(103, at(500, 100), after(0));
    expect(memory.contradicts(readGuest(entry) as never, 0)).toBe(false);
    expect(memory.contradicts(readGuest({ ...entry, status: "unknown" }) as never, 0)).toBe(false);
    expect(memory.contradicts(readGuest({ ...entry, status: "stopped" }) as never, 0)).toBe(true);
    expect(memory.contradicts(readGuest({ ...entry, uptime: 2 }) as never, 0)).toBe(true);
  });
});

describe("rights", () => {
  it("are those of the guest's own path, else those handed down", () => {
    const all = { "/": { "VM.Audit": 1, "VM.PowerMgmt": 1 } };
    expect(holds(all, 103, "VM.PowerMgmt")).toBe(true);
    expect(holds({ "/": { "VM.Audit": 0 } }, 103, "VM.Audit")).toBe(false);
    const narrowed = { ...all, "/vms/103": { "VM.Audit": 1 } };
    expect(missingRights(narrowed, [103, 104])).toEqual(["VM.PowerMgmt on /vms/103"]);
  });
});

describe("parseUpid", () => {
  it("takes only what may go into a path", () => {
    const upid = "UPID:pve1:0000079D:0002B2F1:6B034A48:vzstart:103:waker@pve!power:";
    expect(parseUpid(upid)).toEqual({ upid, node: "pve1", type: "vzstart" });
    expect(parseUpid("UPID:pve1:0:0:0:vzstart:103:../x:")).toBeUndefined();
    expect(parseUpid(null)).toBeUndefined();
  });
});
