import { describe, expect, test } from "vitest";
import { findSelf } from "../../../src/providers/docker/self.ts";
import type { InstanceSummary } from "../../../src/providers/provider.ts";

const ID = "c0ffee".padEnd(64, "1");
const nothing = { mountinfo: "", cgroup: "", hostname: "host" };
const instance: InstanceSummary = {
  id: ID,
  name: "wakegate",
  createdAt: 0,
  image: "wakegate",
  labels: {},
  status: "running",
  networks: [],
};

describe("findSelf()", () => {
  test("reads the folder of the mounted hostname file", () => {
    const mountinfo = `615 601 8:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw,relatime - ext4 /dev/sda1 rw`;
    expect(findSelf([instance], { ...nothing, mountinfo })).toBe(ID);
  });

  test("reads the control group, of both versions and of systemd", () => {
    expect(findSelf([instance], { ...nothing, cgroup: `12:pids:/docker/${ID}\n` })).toBe(ID);
    expect(findSelf([instance], { ...nothing, cgroup: `0::/system.slice/docker-${ID}.scope\n` })).toBe(ID);
  });

  test("takes the hostname that the engine gave, if the engine lists it", () => {
    expect(findSelf([instance], { ...nothing, hostname: ID.slice(0, 12) })).toBe(ID);
    expect(findSelf([], { ...nothing, hostname: ID.slice(0, 12) })).toBeUndefined();
  });

  test("finds nothing on a host", () => {
    expect(findSelf([instance], nothing)).toBeUndefined();
    expect(findSelf([instance])).toBeUndefined();
  });
});
