import { readFileSync } from "node:fs";

/** One recorded exchange with the genuine API. */
export interface Case {
  readonly case: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly form?: Readonly<Record<string, string | number>>;
  };
  readonly response: { readonly status: number; readonly reason: string; readonly body: unknown };
}

/** The recording that is kept here; another one can be named. */
const RECORDED = new URL("../../../support/proxmox/recorded/pve-8.4.jsonl", import.meta.url).pathname;

/** All cases of the recording, with guests, nodes, users and tokens under other names. */
export function readCases(path = process.env["WAKEGATE_PVE_RECORDING"] ?? RECORDED): readonly Case[] {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line) => permuted(JSON.parse(line) as Case));
}

/** The number that stands for a guest's number: another one, the same each time. */
export function otherId(id: number): number {
  return id < 100 || id > 9_999 ? id : 1_000 + ((id * 4_021) % 8_999);
}

function permuted({ case: name, request, response }: Case): Case {
  const { status, reason, body } = response;
  const rest = JSON.parse(rename(JSON.stringify({ request, reason, body }))) as {
    request: Case["request"];
    reason: string;
    body: unknown;
  };
  return { case: name, request: rest.request, response: { status, reason: rest.reason, body: rest.body } };
}

/** Numbers of guests are found by what stands around them: not every number is one. */
const IDS = [
  /(?<=\/(?:lxc|qemu|vms|qemu-server)\/)\d+/g,
  /(?<="vmid":|vmid=|"vmid":")\d+/g,
  /(?<="(?:lxc|qemu)\/)\d+/g,
  /(?<=\b(?:CT|VM|container|Container|Restoring|Checkpointing) ['"\\]*)\d{3,}/g,
  /(?<=\bvm-|\blocal:|pve-config-| -n |(?:ct|vm):|lock-|lxc-checkpoint: )\d{3,}/g,
  /(?<=:(?:vz|qm|ha)[a-z]+:)\d+(?=:)/g,
  /(?<="id":")\d+(?=")/g,
];

function rename(text: string): string {
  let renamed = text;
  for (const pattern of IDS) renamed = renamed.replaceAll(pattern, (id) => `#${String(otherId(Number(id)))}`);
  return renamed
    .replaceAll(/#(\d+)/g, "$1")
    .replaceAll(/\bpve(\d)\b/g, "alder$1")
    .replaceAll(/\bweb(\d)\b/g, "shop$1")
    .replaceAll(/\bwaker@pve/g, "owl@pve")
    .replaceAll(/(@(?:pve|pam))!(\w+)/g, "$1!x$2")
    .replaceAll(/(?<=\/token\/)(\w+)/g, "x$1")
    .replaceAll(/("tokenid":")(\w+)/g, "$1x$2");
}
