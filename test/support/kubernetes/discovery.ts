import { apiVersionOf, KINDS, type Kind } from "./kinds.ts";

const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"];
const SHORT: Readonly<Record<string, string>> = { deployments: "deploy", statefulsets: "sts", pods: "po" };

/** What an API server says of itself, for clients that ask before they do anything; undefined for other paths. */
export function discover(path: string): object | undefined {
  if (path === "/version") return { major: "1", minor: "32", gitVersion: "v1.32.0", platform: "simulator" };
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis") {
    const versions = new Map<string, string>(
      Object.values(KINDS).flatMap((kind) =>
        kind.group === "" ? [] : [[kind.group, kind.version] as const],
      ),
    );
    versions.set("authorization.k8s.io", "v1");
    const groups = [...versions].map(([name, version]) => {
      const preferredVersion = { groupVersion: `${name}/${version}`, version };
      return { name, versions: [preferredVersion], preferredVersion };
    });
    return { kind: "APIGroupList", apiVersion: "v1", groups };
  }
  const groupVersion = /^\/(?:api|apis)\/((?:[^/]+\/)?v\d\w*)$/.exec(path)?.[1];
  if (groupVersion === undefined) return undefined;
  const resources = Object.values(KINDS)
    .filter((kind) => apiVersionOf(kind) === groupVersion)
    .flatMap(resourcesOf);
  if (groupVersion === "authorization.k8s.io/v1") {
    const kind = "SelfSubjectAccessReview";
    resources.push({ name: `${kind.toLowerCase()}s`, namespaced: false, kind, verbs: ["create"] });
  }
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}

function resourcesOf({ plural, kind, group }: Kind): object[] {
  const short = SHORT[plural];
  const itself = {
    name: plural,
    singularName: kind.toLowerCase(),
    namespaced: true,
    kind,
    verbs: VERBS,
    ...(short !== undefined && { shortNames: [short] }),
  };
  const scale = { group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] };
  if (group === "apps")
    return [itself, { name: `${plural}/scale`, singularName: "", namespaced: true, ...scale }];
  if (plural === "pods")
    return [itself, { name: "pods/log", singularName: "", namespaced: true, kind, verbs: ["get"] }];
  return [itself];
}
