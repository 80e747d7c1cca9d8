import { ApiError, forbidden } from "./answers.ts";
import { any, flag, integer, oneOf, type Route } from "./route.ts";
import { listedGuest, listedNode, listedTask, taskStatus } from "./show.ts";
import { logOf, type Task } from "./tasks.ts";
import type { Call } from "./world.ts";

const GIB = 2 ** 30;

/** What belongs to one node: its guests' lists and its tasks. */
export const nodeRoutes: readonly Route[] = [
  {
    is: "GET /nodes",
    answer: ({ world, who }) => ({
      data: [...world.nodes.values()]
        .filter(({ fault }) => fault === "none")
        .map((node) => listedNode(world, node, who)),
    }),
  },
  {
    is: "GET /nodes/{node}/status",
    needs: ["Sys.Audit", "/nodes/{node}"],
    protected: true,
    answer: ({ world }) => ({
      data: {
        uptime: 1_674,
        cpu: 0.01,
        wait: 0,
        idle: 0,
        loadavg: ["0.28", "1.38", "1.05"],
        ksm: { shared: 0 },
        kversion: "Linux 6.8.12-x-pve #1 SMP PREEMPT_DYNAMIC",
        pveversion: `pve-manager/${world.release}/2606ac850d46da29`,
        "boot-info": { mode: "legacy-bios" },
        "current-kernel": { sysname: "Linux", release: "6.8.12-x-pve", version: "#1 SMP", machine: "x86_64" },
        cpuinfo: {
          mhz: "2300.000",
          flags: "sse2",
          cpus: 2,
          sockets: 1,
          model: "a CPU",
          cores: 2,
          hvm: "",
          user_hz: 100,
        },
        memory: { free: 22 * GIB, used: GIB, total: 23 * GIB },
        rootfs: { free: 220 * GIB, total: 250 * GIB, used: 30 * GIB, avail: 70 * GIB },
        swap: { total: 0, used: 0, free: 0 },
      },
    }),
  },
  {
    is: "GET /nodes/{node}/lxc",
    protected: true,
    answer: (call) => ({ data: guests(call, "lxc") }),
  },
  {
    is: "GET /nodes/{node}/qemu",
    takes: { full: flag },
    protected: true,
    answer: (call) => ({ data: guests(call, "qemu") }),
  },
  {
    is: "GET /nodes/{node}/tasks",
    takes: {
      source: oneOf("archive", "active", "all"),
      vmid: integer,
      typefilter: any,
      statusfilter: any,
      errors: flag,
      since: integer,
      until: integer,
      start: integer,
      limit: integer,
      userfilter: any,
    },
    answer: tasks,
  },
  {
    is: "GET /nodes/{node}/tasks/{upid}/status",
    protected: true,
    answer: (call) => ({ data: taskStatus(ownTask(call)) }),
  },
  {
    is: "GET /nodes/{node}/tasks/{upid}/log",
    takes: { start: integer, limit: integer, download: flag },
    protected: true,
    answer: (call) => {
      const lines = logOf(ownTask(call));
      const { start = "0", limit = "50" } = call.params;
      return { data: lines.slice(Number(start), Number(start) + Number(limit)), total: lines.length };
    },
  },
  {
    is: "DELETE /nodes/{node}/tasks/{upid}",
    protected: true,
    answer: async (call) => {
      const task = ownTask(call, "Sys.Modify");
      task.interrupted.abort(new Error("received interrupt"));
      await call.world.pause(1_000);
      return { data: null };
    },
  },
];

function guests({ world, who, path }: Call, type: "lxc" | "qemu"): unknown[] {
  return [...world.guests.all.values()]
    .filter((guest) => guest.type === type && guest.node === path["node"])
    .filter(({ vmid }) => world.rights.has(who, `/vms/${String(vmid)}`, "VM.Audit"))
    .map(listedGuest);
}

function tasks({ world, who, path, params }: Call): { data: unknown; total?: number } {
  const { node = "" } = path;
  const { source = "archive", vmid, start = "0", limit = "50", errors, typefilter, userfilter } = params;
  const audit = world.rights.has(who, `/nodes/${node}`, "Sys.Audit");
  const found = world.tasks.all.filter(
    (task) =>
      task.node === node &&
      (audit || isOwner(task, call(who))) &&
      (vmid === undefined || task.id === vmid) &&
      (typefilter === undefined || task.type === typefilter) &&
      (userfilter === undefined || task.who.user.includes(userfilter)) &&
      (errors !== "1" || (task.exit !== undefined && task.exit !== "OK")) &&
      (source === "all" || (source === "active") === (task.exit === undefined)),
  );
  const page = found.slice(Number(start), Number(start) + Number(limit)).map(listedTask);
  return { data: page, ...(found.length > 0 && { total: found.length }) };
}

function call(who: Call["who"]): Pick<Call, "who"> {
  return { who };
}

/** The owner is the very token: another one of the same user is a stranger. */
function isOwner({ who: owner }: Task, { who }: Pick<Call, "who">): boolean {
  return owner.user === who.user && owner.token === who.token;
}

function ownTask(call: Call, right = "Sys.Audit"): Task {
  const task = call.world.tasks.find(call.path["upid"] ?? "");
  const { node = "" } = call.path;
  if (task.node !== node) throw new ApiError(500, `upid is not of node ${node}`);
  if (!isOwner(task, call) && !call.world.rights.has(call.who, `/nodes/${node}`, right)) {
    throw forbidden(`/nodes/${node}`, right);
  }
  return task;
}
