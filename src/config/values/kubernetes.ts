import type { KubernetesSource } from "../model.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/** What can be scaled, by the words that kubectl takes for it. */
const KINDS: Readonly<Record<string, WorkloadKind | undefined>> = {
  deployment: "deployment",
  deployments: "deployment",
  deploy: "deployment",
  statefulset: "statefulset",
  statefulsets: "statefulset",
  sts: "statefulset",
};

export type WorkloadKind = "deployment" | "statefulset";

/** One workload of a cluster. */
export interface WorkloadRef {
  readonly namespace: string;
  readonly kind: WorkloadKind;
  readonly name: string;
}

/** RFC 1123, as the API demands of names. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Reads `deployment/blog`, with the short forms of kubectl. The value has the long one. */
export function parseWorkload(text: string): Parsed<string> {
  const [word = "", name, ...rest] = text.trim().split("/");
  if (name === undefined)
    return bad(
      `expected a kind and a name: write deployment/${word || "blog"} or statefulset/${word || "db"}`,
    );
  const kind = KINDS[word.toLowerCase().replace(/\.apps$/, "")];
  if (!kind || rest.length > 0 || !SUBDOMAIN.test(name))
    return bad("expected deployment/NAME or statefulset/NAME, as kubectl shows them");
  return good(`${kind}/${name}`);
}

/** Reads the name of a namespace. */
export function parseNamespace(text: string): Parsed<string> {
  const written = text.trim();
  return LABEL.test(written)
    ? good(written)
    : bad("expected a namespace: lower-case letters, digits and dashes, at most 63");
}

/** The id that a workload has in Wakegate: `web/deployment/blog`. */
export function workloadId({ namespace, kind, name }: WorkloadRef): string {
  return `${namespace}/${kind}/${name}`;
}

/** What a workload is called in Wakegate, by its source in the file: `web/blog`. */
export function nameOfWorkload({ namespace, workload }: KubernetesSource): string {
  return `${namespace}/${workload.replace(/^.*\//, "")}`;
}

/** The id of a workload, by its source in the file. */
export function idOfWorkload({ namespace, workload }: KubernetesSource): string {
  return `${namespace}/${workload}`;
}

/** The workload of such an id; undefined where it is none. */
export function workloadOf(id: string): WorkloadRef | undefined {
  const [namespace = "", word = "", name = "", ...rest] = id.split("/");
  if (rest.length > 0 || !LABEL.test(namespace) || !SUBDOMAIN.test(name)) return undefined;
  return word === "deployment" || word === "statefulset" ? { namespace, kind: word, name } : undefined;
}

/** The workloads that `web/blog` may mean; what is no such name means none. */
export function workloadsNamed(name: string): readonly WorkloadRef[] {
  const [namespace, plain, ...rest] = name.split("/");
  if (namespace === undefined || plain === undefined || rest.length > 0) return [];
  return (["deployment", "statefulset"] as const).flatMap((kind) => {
    return workloadOf(`${namespace}/${kind}/${plain}`) ?? [];
  });
}
