import { ApiError } from "./answers.ts";

/** One rule of a Role or ClusterRole. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Who asks, and what they may do. */
export interface Identity {
  readonly name: string;
  /** By namespace; under `*` those of all namespaces. */
  readonly rules: Readonly<Record<string, readonly Rule[]>>;
}

/** What somebody wants to do, in RBAC's terms. */
export interface Attempt {
  readonly verb: string;
  readonly group: string;
  /** With its subresource. */
  readonly resource: string;
  /** Undefined: in all namespaces. */
  readonly namespace: string | undefined;
}

export function allows({ rules }: Identity, { verb, group, resource, namespace }: Attempt): boolean {
  const applying = [...(rules["*"] ?? []), ...(namespace === undefined ? [] : (rules[namespace] ?? []))];
  const has = (list: readonly string[], value: string): boolean => list.includes("*") || list.includes(value);
  return applying.some(
    (rule) => has(rule.apiGroups, group) && has(rule.resources, resource) && has(rule.verbs, verb),
  );
}

/** @throws ApiError 403 in the API server's words. */
export function authorize(identity: Identity, attempt: Attempt): void {
  if (allows(identity, attempt)) return;
  const { verb, group, resource, namespace } = attempt;
  const [plain = "", sub] = resource.split("/");
  const qualified = group === "" ? plain : `${plain}.${group}`;
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  throw new ApiError(
    403,
    "Forbidden",
    `${sub === undefined ? qualified : `${qualified}/${sub}`} is forbidden: User "${identity.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
  );
}
