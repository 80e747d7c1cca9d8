import { badParameters } from "./answers.ts";
import type { Guest } from "./guests.ts";
import { onlyRoot } from "./rights.ts";
import { any, oneOf, type Route } from "./route.ts";
import { listedNode, tagsOf } from "./show.ts";
import type { Call } from "./world.ts";

/** What concerns the cluster as a whole. */
export const cluster: readonly Route[] = [
  {
    is: "GET /cluster/resources",
    takes: { type: oneOf("vm", "storage", "node", "sdn") },
    answer: (call) => ({ data: resources(call, call.params["type"]) }),
  },
  {
    is: "GET /cluster/status",
    needs: ["Sys.Audit", "/"],
    protected: true,
    answer: ({ world }) => {
      const nodes = [...world.nodes.values()];
      const entry =
        nodes.length > 1
          ? [{ type: "cluster", id: "cluster", name: "lab", version: 2, nodes: nodes.length, quorate: 1 }]
          : [];
      const local = nodes.filter(({ fault }) => fault === "none");
      return {
        data: [
          ...(local.length > 1 ? entry : []),
          ...local.map(({ name }, index) => ({
            id: `node/${name}`,
            type: "node",
            name,
            nodeid: index,
            online: 1,
            local: index === 0 ? 1 : 0,
            ip: "10.99.0.1",
            level: "",
          })),
        ],
      };
    },
  },
  {
    is: "GET /cluster/tasks",
    answer: ({ world, who }) => {
      const all = world.rights.has(who, "/", "Sys.Audit");
      const own = world.tasks.all.filter((task) => all || task.who.user === who.user);
      // Collected from the nodes by and by: what has just run is not in it yet.
      const settled = own.filter((task) => (task.endtime ?? Infinity) < Date.now() / 1_000 - 20);
      return { data: settled.map(({ upid, node, type, id }) => ({ upid, node, type, id })) };
    },
  },
  {
    is: "POST /cluster/ha/resources",
    takes: {
      sid: any,
      state: oneOf("started", "stopped", "enabled", "disabled", "ignored"),
      group: any,
      max_restart: any,
      max_relocate: any,
      comment: any,
    },
    required: ["sid"],
    protected: true,
    answer: (call) => {
      onlyRoot(call.who, "/", "Sys.Console");
      const guest = bySid(call, call.params["sid"] ?? "");
      const wanted = call.params["state"] === "stopped" ? "stopped" : "started";
      guest.ha = { state: null, group: call.params["group"] ?? null, wanted };
      return { data: null };
    },
  },
  {
    is: "DELETE /cluster/ha/resources/{sid}",
    protected: true,
    answer: (call) => {
      onlyRoot(call.who, "/", "Sys.Console");
      bySid(call, call.path["sid"] ?? "").ha = undefined;
      return { data: null };
    },
  },
  {
    is: "GET /cluster/ha/status/current",
    needs: ["Sys.Audit", "/"],
    answer: ({ world }) => {
      const node = [...world.nodes.keys()][0] ?? "";
      const managed = [...world.guests.all.values()].filter(({ ha }) => ha);
      return {
        data: [
          { id: "quorum", type: "quorum", node, status: "OK", quorate: 1 },
          ...managed.map((guest) => {
            const sid = sidOf(guest);
            const state = guest.ha?.state ?? "queued";
            return {
              id: `service:${sid}`,
              type: "service",
              sid,
              node: guest.node,
              state,
              request_state: guest.ha?.wanted ?? "started",
              max_restart: 1,
              max_relocate: 1,
              status: `${sid} (${guest.node}, ${state})`,
            };
          }),
        ],
      };
    },
  },
];

function resources(call: Call, type: string | undefined): unknown[] {
  const { world, who } = call;
  const found: unknown[] = [];
  if (type === undefined || type === "vm") {
    for (const guest of world.guests.all.values()) {
      if (world.rights.has(who, `/vms/${String(guest.vmid)}`, "VM.Audit")) found.push(resource(call, guest));
    }
  }
  if (type === undefined || type === "node") {
    for (const node of world.nodes.values()) {
      const { id, node: name, status, level, ...numbers } = listedNode(world, node, who);
      const { ssl_fingerprint: _, type: kind, ...more } = numbers;
      found.push({ id, node: name, status, level, type: kind, "cgroup-mode": 1, ...more });
    }
  }
  const sees = (path: string, right: string): boolean => world.rights.has(who, path, right);
  const [first = ""] = world.nodes.keys();
  if ((type === undefined || type === "storage") && sees("/storage/local", "Datastore.Audit")) {
    const disk = { disk: 29_253_955_584, maxdisk: 270_553_174_016 };
    const content = "backup,images,iso,rootdir,vztmpl";
    found.push({
      id: `storage/${first}/local`,
      type: "storage",
      storage: "local",
      node: first,
      status: "available",
      shared: 0,
      content,
      plugintype: "dir",
      ...disk,
    });
  }
  if ((type === undefined || type === "sdn") && sees("/sdn/zones/localnetwork", "SDN.Audit")) {
    found.push({
      id: `sdn/${first}/localnetwork`,
      type: "sdn",
      sdn: "localnetwork",
      node: first,
      status: "ok",
    });
  }
  return found;
}

/** A guest as the cluster lists it: numbers and status of the last round, node and tags of this moment. */
function resource({ world }: Call, guest: Guest): unknown {
  const { vmid, node, type } = guest;
  const base = { id: `${type}/${String(vmid)}`, vmid, node, type };
  const round = world.stats.of(guest);
  if (!round) return { ...base, status: "unknown" };
  return {
    ...base,
    ...round,
    name: guest.name,
    template: guest.template ? 1 : 0,
    ...tagsOf(guest),
    ...(guest.lock !== undefined && { lock: guest.lock }),
    ...(guest.ha && { hastate: guest.ha.wanted }),
  };
}

function sidOf({ type, vmid }: Guest): string {
  return `${type === "lxc" ? "ct" : "vm"}:${String(vmid)}`;
}

function bySid({ world }: Call, sid: string): Guest {
  const guest = [...world.guests.all.values()].find((guest) => sidOf(guest) === sid);
  if (!guest) throw badParameters({ sid: `invalid format - no such resource '${sid}'\n` });
  return guest;
}
