import { digestOf } from "./certificate.ts";
import { badParameters, failed, type ApiError } from "./answers.ts";
import { shownConfig, sortTags, textOf, type Guest } from "./guests.ts";
import { power, type Verb } from "./power.ts";
import { any, flag, integer, type Check, type Route } from "./route.ts";
import { currentGuest, pendingOf } from "./show.ts";
import type { Call } from "./world.ts";

const AUDIT = ["VM.Audit", "/vms/{vmid}"] as const;
const POWER = ["VM.PowerMgmt", "/vms/{vmid}"] as const;

type Takes = Readonly<Record<string, Check>>;

const LXC_VERBS: Readonly<Record<Verb, Takes>> = {
  start: { debug: flag, skiplock: flag },
  stop: { skiplock: flag, "overrule-shutdown": flag },
  shutdown: { timeout: integer, forceStop: flag },
  reboot: { timeout: integer },
  suspend: {},
  resume: {},
};

const QEMU_VERBS: Readonly<Record<Verb, Takes>> = {
  start: { timeout: integer, skiplock: flag, stateuri: any, migratedfrom: any, machine: any },
  stop: { timeout: integer, keepActive: flag, skiplock: flag, "overrule-shutdown": flag },
  shutdown: { timeout: integer, forceStop: flag, keepActive: flag, skiplock: flag },
  reboot: { timeout: integer },
  suspend: { todisk: flag, statestorage: any, skiplock: flag },
  resume: { nocheck: flag, skiplock: flag },
};

const CONFIG_KEYS: Takes = Object.fromEntries(
  [
    "lock",
    "net0",
    "net1",
    "tags",
    "description",
    "hostname",
    "name",
    "memory",
    "swap",
    "onboot",
    "startup",
    "delete",
    "digest",
    "cores",
    "nameserver",
    "searchdomain",
    "features",
    "agent",
    "ipconfig0",
    "rootfs",
  ].map((key) => [key, any]),
);

/** What belongs to one guest. `{type}` is `lxc` or `qemu`. */
export const guestRoutes: readonly Route[] = [
  ...powerRoutes("lxc", LXC_VERBS),
  ...powerRoutes("qemu", QEMU_VERBS),
  ...(["lxc", "qemu"] as const).flatMap((type): Route[] => [
    {
      is: `GET /nodes/{node}/${type}/{vmid}/status/current`,
      needs: AUDIT,
      protected: true,
      answer: (call) => ({ data: currentGuest(there(call)) }),
    },
    {
      is: `GET /nodes/{node}/${type}/{vmid}/config`,
      needs: AUDIT,
      takes: { current: flag, snapshot: any },
      answer: (call) => ({ data: shownConfig(there(call)) }),
    },
    {
      is: `PUT /nodes/{node}/${type}/{vmid}/config`,
      needs: ["VM.Config.Options", "/vms/{vmid}"],
      takes: CONFIG_KEYS,
      protected: true,
      answer: (call) => ({ data: configure(call) }),
    },
    {
      is: `GET /nodes/{node}/${type}/{vmid}/pending`,
      needs: AUDIT,
      answer: (call) => ({ data: pendingOf(there(call)) }),
    },
    {
      is: `POST /nodes/{node}/${type}/{vmid}/template`,
      needs: ["VM.Allocate", "/vms/{vmid}"],
      protected: true,
      answer: (call) => {
        const guest = there(call);
        if (guest.status === "running")
          throw failed("you can't convert a CT to template if the CT is running");
        guest.template = true;
        return {
          data:
            type === "lxc"
              ? null
              : call.world.tasks.begin(guest.node, "qmtemplate", String(guest.vmid), call.who, () =>
                  Promise.resolve(),
                ),
        };
      },
    },
  ]),
  {
    is: "GET /nodes/{node}/lxc/{vmid}/interfaces",
    needs: AUDIT,
    protected: true,
    answer: (call) => ({ data: interfaces(there(call)) }),
  },
  {
    is: "GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces",
    needs: ["VM.Monitor", "/vms/{vmid}"],
    protected: true,
    answer: async (call) => {
      const guest = there(call);
      if (guest.status !== "running") throw failed(`VM ${String(guest.vmid)} is not running`);
      if (guest.config["agent"] === undefined) throw failed("No QEMU guest agent configured");
      if (!guest.behaviour.agent) {
        await call.world.pause(3_000);
        throw failed("QEMU guest agent is not running");
      }
      const address = { "ip-address": "10.99.0.200", "ip-address-type": "ipv4", prefix: 24 };
      return {
        data: {
          result: [{ name: "ens18", "hardware-address": "bc:24:11:c0:e4:9a", "ip-addresses": [address] }],
        },
      };
    },
  },
];

function powerRoutes(type: "lxc" | "qemu", verbs: Readonly<Record<Verb, Takes>>): Route[] {
  return (Object.keys(verbs) as Verb[]).map((verb) => ({
    is: `POST /nodes/{node}/${type}/{vmid}/status/${verb}`,
    needs: POWER,
    takes: verbs[verb],
    protected: true,
    answer: (call) => ({ data: power(call, verb) }),
  }));
}

function there({ guest, path }: Call): Guest {
  if (guest) return guest;
  const { node = "", type, vmid = "" } = path;
  throw failed(
    `Configuration file 'nodes/${node}/${type === "lxc" ? "lxc" : "qemu-server"}/${vmid}.conf' does not exist`,
  );
}

function configure(call: Call): null {
  const guest = there(call);
  const { world, params } = call;
  const label = guest.type === "lxc" ? "CT" : "VM";
  if (guest.lock !== undefined) throw failed(`${label} is locked (${guest.lock})`);
  const { lock, delete: gone, digest, ...values } = params;
  if (digest !== undefined && digest !== shownConfig(guest)["digest"])
    throw failed("detected modified configuration - file changed by other user? Try again.");
  const [, bridge] = /bridge=(\w+)/.exec(values["net0"] ?? "") ?? [];
  if (bridge !== undefined && !world.nodes.get(guest.node)?.bridges.has(bridge)) {
    throw failed(`bridge '${bridge}' does not exist`);
  }
  if (lock !== undefined) {
    if (
      !/^(backup|create|destroyed|disk|fstrim|migrate|mounted|rollback|snapshot|snapshot-delete|suspending|suspended)$/.test(
        lock,
      )
    ) {
      throw badParameters({ lock: `value '${lock}' does not have a value in the enumeration` });
    }
    guest.lock = lock;
  }
  for (const key of gone?.split(/[,; ]+/) ?? []) delete guest.config[key];
  for (const [key, value] of Object.entries(values)) {
    const number = ["memory", "swap", "onboot", "cores"].includes(key) && guest.type === "lxc";
    guest.config[key] = key === "tags" ? sortTags(value) : number ? Number(value) : completed(key, value);
  }
  if (values["hostname"] !== undefined || values["name"] !== undefined)
    guest.name = values["hostname"] ?? values["name"] ?? guest.name;
  return null;
}

/** A network card gets an address of its own when none is given. */
function completed(key: string, value: string): string {
  if (!/^net\d+$/.test(key) || value.includes("hwaddr=") || !value.includes("bridge=")) return value;
  const tail = (digestOf(value).slice(0, 6).toUpperCase().match(/../g) ?? []).join(":");
  return `${value},hwaddr=BC:24:11:${tail},type=veth`;
}

/** Of a stopped container there is nothing: null, not an empty list. */
function interfaces(guest: Guest): unknown {
  if (guest.status !== "running") return null;
  const net = textOf(guest.config["net0"]);
  const hwaddr = (/hwaddr=([0-9A-F:]+)/.exec(net)?.[1] ?? "BC:24:11:00:00:01").toLowerCase();
  const booted = Date.now() - guest.startedAt >= guest.behaviour.bootMs;
  const fixed = /(?:^|,)ip=(\d[^,/]*)/.exec(net)?.[1];
  const ip = fixed ?? (booted ? `10.99.0.${String(guest.vmid % 256)}` : undefined);
  const card = (name: string, mac: string, addresses: readonly (readonly [string, number])[]): unknown => {
    const [v4, v6] = [addresses.find(([a]) => !a.includes(":")), addresses.find(([a]) => a.includes(":"))];
    return {
      name,
      hwaddr: mac,
      "hardware-address": mac,
      ...(v4 && { inet: `${v4[0]}/${String(v4[1])}` }),
      ...(v6 && { inet6: `${v6[0]}/${String(v6[1])}` }),
      "ip-addresses": addresses.map(([address, prefix]) => ({
        "ip-address": address,
        "ip-address-type": address.includes(":") ? "inet6" : "inet",
        prefix: String(prefix),
      })),
    };
  };
  return [
    card("lo", "00:00:00:00:00:00", [
      ["127.0.0.1", 8],
      ["::1", 128],
    ]),
    card("eth0", hwaddr, [
      ...(ip === undefined ? [] : ([[ip, 24]] as const)),
      ["fe80::be24:11ff:fed0:7fa1", 64],
    ]),
  ];
}

/** Kept apart so that the answer of a wrong type is one place's business. */
export function vmidProblem(written: string): ApiError | undefined {
  if (!/^\d+$/.test(written))
    return badParameters({ vmid: `type check ('integer') failed - got '${written}'` });
  if (Number(written) < 100 || Number(written) > 999_999_999) {
    return badParameters({ vmid: "invalid format - value does not look like a valid VM ID\n" });
  }
  return undefined;
}
