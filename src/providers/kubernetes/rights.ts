import type { EngineExam } from "../provider.ts";

/** One thing that RBAC grants or does not. */
export interface Right {
  readonly verb: "get" | "list" | "watch" | "patch" | "update" | "create";
  /** API group, empty for the core. */
  readonly group: string;
  /** With its subresource: `deployments/scale`. */
  readonly resource: string;
}

/** What of Wakegate comes to a stop without a right. */
export type Need =
  /** Nothing works. */
  | "all"
  /** It can be done without, and something is missed then. */
  | "hosts"
  | "remember"
  | "logs"
  | "usage";

const rule = (
  group: string,
  resource: string,
  need: Need,
  ...verbs: Right["verb"][]
): readonly (Right & { readonly need: Need })[] => verbs.map((verb) => ({ verb, group, resource, need }));

/** All that the provider ever asks for. The manifest in examples/kubernetes grants exactly this. */
export const RIGHTS = [
  ...rule("apps", "deployments", "all", "get", "list", "watch"),
  ...rule("apps", "deployments", "remember", "patch"),
  ...rule("apps", "statefulsets", "all", "get", "list", "watch"),
  ...rule("apps", "statefulsets", "remember", "patch"),
  ...rule("apps", "deployments/scale", "all", "update"),
  ...rule("apps", "statefulsets/scale", "all", "update"),
  ...rule("", "pods", "all", "list"),
  ...rule("", "pods/log", "logs", "get"),
  ...rule("", "services", "all", "list", "watch"),
  ...rule("discovery.k8s.io", "endpointslices", "all", "list"),
  ...rule("networking.k8s.io", "ingresses", "hosts", "list", "watch"),
  ...rule("metrics.k8s.io", "pods", "usage", "list"),
] as const;

/** Where a right is asked for: nobody needs to be granted it. */
export const REVIEW: Right = {
  verb: "create",
  group: "authorization.k8s.io",
  resource: "selfsubjectaccessreviews",
};

/** The rule of a Role that grants it. */
export function grantOf({ verb, group, resource }: Right): string {
  return `{ apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"] }`;
}

/** The review that asks for it in one namespace, or in all. */
export function reviewOf({ verb, group, resource }: Right, namespace: string | undefined): unknown {
  const [plain = "", subresource] = resource.split("/");
  return {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: {
      resourceAttributes: {
        verb,
        group,
        resource: plain,
        ...(subresource !== undefined && { subresource }),
        ...(namespace !== undefined && { namespace }),
      },
    },
  };
}

/** What the doctor is told of a right that is missing: under one word those that are needed for one thing. */
export function refusal(
  right: (typeof RIGHTS)[number],
  namespace: string | undefined,
): EngineExam["refused"][number] {
  const where = namespace === undefined ? "" : ` in ${namespace}`;
  const call =
    right.need === "all"
      ? `${right.verb} ${right.resource}${where}`
      : `${right.need}: ${right.verb} ${right.resource}${where}`;
  return { call, grant: grantOf(right) };
}
