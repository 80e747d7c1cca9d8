import type { Cluster } from "./cluster.ts";
import { ProxmoxError } from "./errors.ts";
import { isRecord, numberOf } from "./plain.ts";

/** Rights by path, as /access/permissions tells them; the value says whether they hold for paths below. */
export type Rights = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What a wake and a sleep take. */
export const NEEDED = ["VM.Audit", "VM.PowerMgmt"] as const;

/** Asks what we may do. @throws ProviderError. */
export async function readRights(cluster: Cluster, signal: AbortSignal): Promise<Rights> {
  const data = await cluster.call<unknown>(signal, (api) => api.access.permissions.$get());
  return Object.fromEntries(
    Object.entries(isRecord(data) ? data : {}).flatMap(([path, rights]) =>
      isRecord(rights) ? [[path, rights] as const] : [],
    ),
  );
}

/** Whether a right holds for a guest: at its own path, else at one above from which rights are handed down. */
export function holds(rights: Rights, vmid: number, right: string): boolean {
  const own = rights[`/vms/${String(vmid)}`];
  if (own) return right in own;
  return ["/vms", "/"].some((path) => numberOf(rights[path]?.[right]) === 1);
}

/** An empty list of guests means an empty cluster only to those who may see any. @throws ProxmoxError else. */
export async function mustSeeSomething(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const rights = await readRights(cluster, signal);
  const sees = Object.entries(rights).some(
    ([path, own]) => "VM.Audit" in own && (path === "/" || /^\/(vms|pool)(\/|$)/.test(path)),
  );
  if (sees) return;
  const { who, aclArgument } = cluster.connection;
  const hint = aclArgument.startsWith("--tokens")
    ? " A token has no rights of its own until it is given some, whatever its user may do"
    : "";
  throw new ProxmoxError(
    "engine_forbidden",
    cluster.engine,
    `${who} sees no guest at all, because it has VM.Audit nowhere.${hint}: pveum acl modify /vms ${aclArgument} --roles Wakegate`,
  );
}

/** Says once for each followed guest which right is missing. Returns what is missing, as `VM.PowerMgmt on /vms/103`. */
export function missingRights(rights: Rights, vmids: Iterable<number>): readonly string[] {
  return [...vmids].flatMap((vmid) =>
    NEEDED.flatMap((right) => (holds(rights, vmid, right) ? [] : [`${right} on /vms/${String(vmid)}`])),
  );
}
