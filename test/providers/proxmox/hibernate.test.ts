import { describe, expect, it } from "vitest";
import { never, openRig } from "./rig.ts";

describe("hibernate", () => {
  it("writes a machine to disk, and a start brings it back", async () => {
    await using rig = await openRig();
    const guest = rig.simulator.world.guests.add(200, { type: "qemu", status: "running" });
    const { rights } = rig.simulator.world;
    rights.roles.set(
      "Hibernate",
      new Set(["VM.Audit", "VM.PowerMgmt", "VM.Config.Disk", "Datastore.AllocateSpace"]),
    );
    for (const who of ["wakegate@pve", "wakegate@pve!power"]) rights.grant("/", who, "Hibernate");
    for (const who of ["wakegate@pve", "wakegate@pve!power"]) rights.revoke("/vms", who);
    await rig.provider.sleep("lab:200", { method: "hibernate" }, never);
    expect(guest).toMatchObject({ status: "stopped", lock: "suspended" });
    expect(await rig.status(200)).toBe("exited");
    await rig.wake(200);
    expect(guest).toMatchObject({ status: "running", lock: undefined });
    guest.behaviour.failHibernate = true;
    const failed = rig.provider.sleep("lab:200", { method: "hibernate" }, never);
    await expect(failed).rejects.toThrow(/no space left.*qm unlock 200/);
  });

  it("names the rights that it takes beyond those of a stop", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(200, { type: "qemu", status: "running" });
    const failed = rig.provider.sleep("lab:200", { method: "hibernate" }, never);
    await expect(failed).rejects.toThrow("VM.Config.Disk on /vms/200");
  });

  it("is refused for containers and for what HA manages", async () => {
    await using rig = await openRig();
    rig.simulator.world.guests.add(103, { status: "running" });
    const machine = rig.simulator.world.guests.add(200, { type: "qemu", status: "running" });
    machine.ha = { state: "started", group: null, wanted: "started" };
    for (const id of ["lab:103", "lab:200"]) {
      const refused = rig.provider.sleep(id, { method: "hibernate" }, never);
      await expect(refused).rejects.toMatchObject({ code: "not_supported" });
    }
    const paused = rig.provider.sleep("lab:103", { method: "pause" }, never);
    await expect(paused).rejects.toMatchObject({ code: "not_supported" });
  });
});
