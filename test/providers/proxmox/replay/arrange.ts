import type { Guest } from "../../../support/proxmox/guests.ts";
import type { Simulator } from "../../../support/proxmox/simulator.ts";
import { principalText, type Principal } from "../../../support/proxmox/world.ts";
import type { Client, Identity } from "./client.ts";
import { otherId, type Case } from "./recording.ts";
import { play, type Stage, type Wanted } from "./scenarios.ts";

type Entry = Readonly<Record<string, unknown>>;

const NODE = "alder1";
const ROOT: Principal = { user: "root@pam", token: "operator" };

/** The world of the recording in which this case happened, and who asked for what. */
export class Arranged {
  readonly simulator: Simulator;
  readonly #case: Case;
  readonly #client: Client;
  #path: string;

  constructor(simulator: Simulator, recorded: Case, client: Client) {
    this.simulator = simulator;
    this.#case = recorded;
    this.#client = client;
    this.#path = recorded.request.path;
  }

  /** The request to send: with a UPID of this world in place of the recorded one. */
  get request(): Case["request"] {
    return { ...this.#case.request, path: this.#path };
  }

  /** Sets the stage. Returns who asks. */
  async set(): Promise<Identity> {
    const { world } = this.simulator;
    const text = JSON.stringify([this.#case.request, this.#case.response.body]);
    if (text.includes("alder2")) {
      world.nodes.set("alder2", {
        name: "alder2",
        fault: "no-route",
        bridges: new Set(),
        storage: new Set(),
        fingerprint: "",
      });
    }
    this.#setFaults();
    const who = this.#who();
    this.#setGuests();
    this.#setRights(who);
    await this.#setTasks(who);
    this.simulator.collect();
    return this.#identity(who);
  }

  #setFaults(): void {
    const { status, reason } = this.#case.response;
    const { faults, nodes } = this.simulator.world;
    const node = nodes.get(/^\/nodes\/([^/]+)/.exec(this.#path)?.[1] ?? "");
    if (status === 595 && node) node.fault = reason === "No route to host" ? "no-route" : "refused";
    else if (status === 595) faults.daemon = "down";
    if (status === 596) faults.daemon = "hung";
    if (/no quorum/.test(reason)) faults.noQuorum = true;
  }

  #who(): Principal {
    const { case: name, request, response } = this.#case;
    const token = /^tok-(\w+)/.exec(name)?.[1];
    if (token !== undefined) return { user: "owl@pve", token: `x${token}` };
    // The task of one's own is asked for; that of another token is refused.
    const text = `${JSON.stringify(response.body)} ${request.path}`;
    const [, user, own] =
      /:([^:\s@"]+@\w+)(?:!(\w+))?:/.exec(
        decodeURIComponent(text.replaceAll("%", "%25")).replaceAll("%3A", ":").replaceAll("%40", "@"),
      ) ?? [];
    if (user === undefined) return this.#whoIsRefused() ?? ROOT;
    return { user, ...(own !== undefined && { token: own }) };
  }

  /** Somebody who has every right that is checked before the one that the refusal names. */
  #whoIsRefused(): Principal | undefined {
    const { status, reason } = this.#case.response;
    if (status !== 403) return undefined;
    const right = /, ([\w.]+)\)$/.exec(reason)?.[1] ?? "";
    if (right === "VM.Audit") return { user: "owl@pve", token: "xnone" };
    return { user: "owl@pve", token: right === "VM.PowerMgmt" ? "xaudit" : "xpower" };
  }

  /** Guests as the answer shows them; else those of the lab. */
  #setGuests(): void {
    const { world } = this.simulator;
    const { response, request, case: name } = this.#case;
    const listed = /^\/cluster\/resources|^\/nodes\/[^/]+\/(lxc|qemu)$/.test(this.#path.split("?")[0] ?? "");
    for (const id of [101, 102, 103])
      world.guests.add(otherId(id), { node: NODE, name: `shop${String(id - 100)}`, status: "running" });
    world.guests.add(otherId(200), { node: NODE, type: "qemu", name: "vm1" });
    if (listed && response.status === 200) {
      const entries = entriesOf(response.body).filter(({ vmid }) => vmid !== undefined);
      if (!name.startsWith("tok-")) world.guests.all.clear();
      for (const entry of entries) this.#addListed(entry);
    }
    const [, node = NODE, type = "lxc", written = ""] =
      /^\/nodes\/([^/]+)\/(lxc|qemu)\/(\d+)/.exec(this.#path) ?? [];
    const vmid = Number(written);
    const missing = /Configuration file '/.test(response.reason);
    if (written === "" || vmid < 100 || missing) {
      if (missing) world.guests.all.delete(vmid);
      return;
    }
    const guest = this.#ofType(vmid, type as Guest["type"], node);
    this.#setStatus(guest, request.method);
    this.#setShown(guest);
  }

  #ofType(vmid: number, type: Guest["type"], node: string): Guest {
    const { guests } = this.simulator.world;
    const known = guests.all.get(vmid);
    if (known?.type === type) return known;
    guests.all.delete(vmid);
    return guests.add(vmid, { type, node });
  }

  #addListed(entry: Entry): void {
    const { guests } = this.simulator.world;
    const vmid = Number(entry["vmid"]);
    const type = entry["type"] === undefined || entry["type"] === "qemu" ? "qemu" : "lxc";
    const node = typeof entry["node"] === "string" ? entry["node"] : NODE;
    guests.all.delete(vmid);
    const running = entry["status"] === "running";
    const unknown = entry["status"] === "unknown";
    const guest = guests.add(vmid, {
      type,
      node,
      name: String(entry["name"]),
      ...(running && { status: "running" }),
    });
    if (!unknown) (this.simulator.world.nodes.get(node) ?? { fault: "" }).fault = "none";
    mark(guest, entry);
    if (entry["hastate"] !== undefined) guest.ha = { state: "queued", group: null, wanted: "started" };
  }

  /** What a call that ends like this one finds. */
  #setStatus(guest: Guest, method: string): void {
    const { guests } = this.simulator.world;
    const { reason, body } = this.#case.response;
    const verb = /\/status\/(\w+)/.exec(this.#path)?.[1];
    const locked = /is locked \((.+)\)/.exec(reason)?.[1];
    if (locked !== undefined) guest.lock = locked;
    const type = /:(\w+):\d+:[^:]*:$/.exec(text((body as Entry | null)?.["data"]))?.[1] ?? "";
    if (type.startsWith("ha")) guest.ha = { state: null, group: null, wanted: "stopped" };
    const running =
      /already running/.test(reason) ||
      (/stop|shutdown|reboot|suspend/.test(verb ?? "") && !/not running/.test(reason)) ||
      (verb === "resume" && guest.type === "qemu" && !/not running/.test(reason)) ||
      /agent is not running/.test(reason);
    if (running) guests.switchOn(guest);
    else if (method === "POST") guest.status = "stopped";
  }

  /** The guest's own properties, as a look at it showed them. */
  #setShown(guest: Guest): void {
    const { guests } = this.simulator.world;
    const { status, body } = this.#case.response;
    const data = (body as Entry | null)?.["data"];
    if (status !== 200 || this.#case.request.method !== "GET") return;
    if (this.#path.endsWith("/interfaces")) {
      if (data === null) guest.status = "stopped";
      return;
    }
    const shown: Entry = this.#path.endsWith("/pending")
      ? Object.fromEntries(entriesOf(body).map(({ key, value }) => [String(key), value]))
      : (data as Entry);
    if (this.#path.endsWith("/current")) {
      guest.status = "stopped";
      if (shown["status"] === "running") guests.switchOn(guest);
      guest.paused = shown["qmpstatus"] === "paused";
      mark(guest, shown);
      const ha = shown["ha"] as Entry | undefined;
      if (ha?.["managed"] === 1)
        guest.ha = {
          state: ha["state"] as string | null,
          group: ha["group"] as string | null,
          wanted: "stopped",
        };
      if (shown["agent"] === undefined) delete guest.config["agent"];
    } else if (/\/(config|pending)$/.test(this.#path)) {
      const { digest: _, lock, template, ...config } = shown;
      guest.config = config;
      guest.lock = lock as string | undefined;
      guest.template = template === 1;
    }
  }

  #setRights(who: Principal): void {
    const { rights } = this.simulator.world;
    const { request, response } = this.#case;
    rights.roles.set("Power", new Set(["VM.Audit", "VM.PowerMgmt"]));
    rights.roles.set("Audit", new Set(["VM.Audit"]));
    if (request.path === "/access/users") return;
    rights.users.set("owl@pve", { password: "good", enabled: true });
    const path = `/vms/${String(otherId(103))}`;
    rights.grant(path, "owl@pve", "Power");
    const { username, password } = request.form ?? {};
    // The right password is not in the recording.
    if (request.path === "/access/ticket" && response.status === 200) {
      rights.users.set(String(username), { password: String(password), enabled: true });
    }
    if (who.user !== "owl@pve") return;
    const own = /\/(?:lxc|qemu)\/(\d+)\//.exec(request.path)?.[1];
    const lab = this.#case.case.startsWith("tok-");
    if (!lab && response.status === 403 && who.token === "xpower" && own !== undefined)
      this.#grantOn(Number(own), who);
    const id = principalText(who);
    if (who.token === "xaudit") rights.grant(path, id, "Audit");
    else if (who.token !== "xnone") rights.grant(path, id, "Power");
    if (request.path !== "/access/permissions") return;
    for (const [path, own] of Object.entries(
      (response.body as { data: Record<string, Record<string, number>> }).data,
    )) {
      rights.roles.set("Recorded", new Set(Object.keys(own)));
      rights.grant(path, who.user, "Recorded");
      rights.grant(path, id, "Recorded");
    }
  }

  async #setTasks(who: Principal): Promise<void> {
    const { method, path } = this.#case.request;
    const { status, body } = this.#case.response;
    if (/\/ha\/(status|resources\/)/.test(path)) this.#setHa();
    if (/^\/nodes\/[^/]+\/tasks(\?|$)/.test(path)) {
      const entries = status === 200 ? entriesOf(body) : [];
      await this.#playAll(entries, who);
      return;
    }
    const [, written] = /\/tasks\/([^/]+)/.exec(path) ?? [];
    const [, , , , , type = "", id = ""] = decodeURIComponent(written ?? "").split(":");
    if (written === undefined || type === "" || status === 400) return;
    const data = (body as Entry | null)?.["data"];
    const lines = Array.isArray(data) ? entriesOf(body).map(({ t }) => String(t)) : undefined;
    const runs =
      method === "DELETE" ||
      status === 403 ||
      (data as Entry | null)?.["status"] === "running" ||
      lines?.[0] === "no content";
    const exit = lines ? exitOfLog(lines) : text((data as Entry | null)?.["exitstatus"]) || "OK";
    const stage = await this.#stage(type, Number(id), who);
    const upid = runs
      ? await this.#begin(stage, type)
      : (await play(stage, { type, exit, ...(lines && { log: lines }) })).upid;
    this.#path = path.replace(written, written.includes("%") ? encodeURIComponent(upid) : upid);
  }

  async #playAll(entries: readonly Entry[], who: Principal): Promise<void> {
    // One of somebody else's, which is not to be seen.
    if (entries.length === 0) {
      await play(await this.#stage("vzstop", otherId(101), ROOT), { type: "vzstop", exit: "OK" });
    }
    for (const entry of entries.toReversed()) {
      const type = String(entry["type"]);
      const stage = await this.#stage(type, Number(entry["id"]), who);
      const wanted: Wanted = { type, exit: String(entry["status"]) };
      if (entry["status"] === "RUNNING") await this.#begin(stage, type);
      else await play(stage, wanted);
    }
  }

  async #stage(type: string, id: number, who: Principal): Promise<Stage> {
    const { guests } = this.simulator.world;
    const kind = type.startsWith("qm") ? "qemu" : "lxc";
    const known = /^(vz|qm)(start|stop|shutdown|reboot|suspend|resume|pause)$/.test(type);
    const missing =
      /does not exist/.test(JSON.stringify(this.#case.response.body)) &&
      /Configuration/.test(JSON.stringify(this.#case.response.body));
    let guest: Guest | undefined;
    if (known && !missing) {
      await guests.remove(id);
      guest = guests.add(id, { type: kind, node: NODE });
      if (who.user === "owl@pve") this.#grantOn(id, who);
    }
    const identity = this.#ownIdentity(who);
    const power = async (verb: string, form: Readonly<Record<string, string>> = {}): Promise<string> => {
      const path = `/nodes/${NODE}/${kind}/${String(id)}/status/${verb}`;
      const { body } = await this.#client.send({ method: "POST", path, form }, identity);
      return String((body as Entry)["data"]);
    };
    return { simulator: this.simulator, guest, who, power };
  }

  #grantOn(id: number, who: Principal): void {
    for (const one of [who.user, principalText(who)])
      this.simulator.world.rights.grant(`/vms/${String(id)}`, one, "Power");
  }

  async #begin({ power, guest }: Stage, type: string): Promise<string> {
    if (guest) guest.behaviour.startMs = 60_000;
    return power(type.replace(/^(vz|qm|ha)/, ""));
  }

  #setHa(): void {
    const { request, response } = this.#case;
    const sids = [request.path, ...entriesOf(response.body).map(({ sid }) => String(sid))].flatMap((text) =>
      [...text.matchAll(/\b(?:ct|vm):(\d+)/g)].map(([, id]) => Number(id)),
    );
    for (const id of sids) {
      const guest = this.simulator.world.guests.all.get(id);
      if (guest) guest.ha = { state: "queued", group: null, wanted: "started" };
    }
  }

  /** As one is, whatever this case's request does wrong. */
  #ownIdentity({ user, token }: Principal, space = false): Identity {
    if (token === undefined) return { kind: "ticket", user, csrf: true };
    const { rights } = this.simulator.world;
    const id = `${user}!${token}`;
    const separated = token !== "xfull" && user !== "root@pam";
    return {
      kind: "token",
      id,
      secret: rights.token(id)?.secret ?? rights.addToken(user, token, separated),
      space,
    };
  }

  #identity(who: Principal): Identity {
    const { case: name, request, response } = this.#case;
    const { status, reason } = response;
    if (request.path.startsWith("/access/ticket")) return { kind: "nobody" };
    if (status === 401 && reason === "No ticket") return { kind: "nobody" };
    if (status === 401 && /csrf/.test(reason)) return { kind: "ticket", user: "root@pam", csrf: false };
    if (status === 401) return { kind: "bad", how: name };
    if (/ticket/.test(name)) return { kind: "ticket", user: "root@pam", csrf: true };
    // Another token of the same user asks.
    const token =
      status === 403 &&
      /Sys\.(Audit|Modify)/.test(reason) &&
      who.token !== undefined &&
      !name.startsWith("tok-")
        ? "another"
        : who.token;
    return this.#ownIdentity({ user: who.user, ...(token !== undefined && { token }) }, /space/.test(name));
  }
}

function entriesOf(body: unknown): readonly Entry[] {
  const data = (body as Entry | null)?.["data"];
  return Array.isArray(data) ? (data as Entry[]) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function mark(guest: Guest, entry: Entry): void {
  if (typeof entry["tags"] === "string") guest.config["tags"] = entry["tags"];
  guest.template = entry["template"] === 1;
  guest.lock = entry["lock"] as string | undefined;
}

function exitOfLog(lines: readonly string[]): string {
  const last = lines.at(-1) ?? "";
  if (last === "TASK OK") return "OK";
  const [, text] = /^TASK (?:ERROR: )?(.*)$/.exec(last) ?? [];
  return text ?? "unexpected status";
}
