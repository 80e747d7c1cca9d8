import { badParameters, failed } from "./answers.ts";
import { container } from "./container.ts";
import type { Guest } from "./guests.ts";
import { machine } from "./machine.ts";
import type { Work } from "./tasks.ts";
import type { Call, World } from "./world.ts";

/** The power calls that exist for containers and machines. */
export type Verb = "start" | "stop" | "shutdown" | "reboot" | "suspend" | "resume";

/** Answers a power call: at once with an error, or with the UPID of the task that does it. */
export function power(call: Call, verb: Verb): string {
  const { world, who, params, path, guest } = call;
  const { vmid = "", node = "" } = path;
  if (params["skiplock"] !== undefined) {
    throw badParameters({ skiplock: "Only root may use this option." });
  }
  const lxc = path["type"] === "lxc";
  const begin = (type: string, work: Work): string => world.tasks.begin(node, type, vmid, who, work);
  const prefix = lxc ? "vz" : "qm";
  if (!guest) {
    const missing = `Configuration file 'nodes/${node}/${lxc ? "lxc" : "qemu-server"}/${vmid}.conf' does not exist`;
    // A start is checked in its task only, for machines also a stop.
    if (verb !== "start" && lxc) throw failed(missing);
    return begin(prefix + verb, () => Promise.reject(new Error(missing)));
  }
  guest.calls.push(verb);
  refuseAtOnce(world, guest, verb, lxc);
  const todisk = params["todisk"] === "1";
  if (todisk) {
    world.rights.check(who, `/vms/${vmid}`, "VM.Config.Disk");
    world.rights.check(who, "/storage/local", "Datastore.AllocateSpace");
    if (guest.ha) throw failed("Cannot suspend HA managed VM to disk");
  }
  if (guest.ha && (verb === "start" || verb === "stop" || verb === "shutdown"))
    return throughHa(call, guest, verb);
  const type = prefix + (lxc ? verb : verb === "suspend" && !todisk ? "pause" : verb);
  return begin(type, lxc ? container(world, guest, verb, params) : machine(world, guest, verb, params));
}

function refuseAtOnce(world: World, guest: Guest, verb: Verb, lxc: boolean): void {
  const id = String(guest.vmid);
  const runs = guest.status === "running";
  if (verb === "start" && world.faults.noQuorum) throw failed("cluster not ready - no quorum?");
  if (lxc) {
    if (verb === "reboot" && !runs) throw failed(`VM ${id} not running`);
    if ((verb === "start" || verb === "resume") && runs) throw failed(`CT ${id} already running`);
    if (verb !== "start" && verb !== "resume" && !runs) throw failed(`CT ${id} not running`);
    return;
  }
  const hibernated = guest.lock === "suspended";
  if (verb === "resume" && !runs && !hibernated) throw failed(`VM ${id} not running`);
  if ((verb === "suspend" || verb === "reboot") && !runs) throw failed(`VM ${id} not running`);
}

/** HA's own task only files the request; the manager acts in its rounds. */
function throughHa({ world, who, path }: Call, guest: Guest, verb: Verb): string {
  const { ha } = guest;
  const wanted = verb === "start" ? "started" : "stopped";
  return world.tasks.begin(
    path["node"] ?? "",
    verb === "start" ? "hastart" : "hastop",
    path["vmid"] ?? "",
    who,
    async () => {
      await world.pause(300);
      if (!ha) return;
      ha.wanted = wanted;
      ha.state = "queued";
      void (async () => {
        await world.pause(10_000);
        if (ha.wanted !== wanted) return;
        ha.state = wanted;
        if (wanted === "started") world.guests.switchOn(guest);
        else await world.guests.switchOff(guest);
      })();
    },
  );
}
