import * as z from "zod";
import { parseNamespace } from "../values/kubernetes.ts";
import { bad, good } from "../values/parsed.ts";
import { insideKey } from "./machine.ts";
import { key, text } from "./text.ts";

const file = text(
  (written) => (written.trim() === "" ? bad("expected a file") : good(written.trim())),
  "a file",
);
const word = text(
  (written) => (written.trim() === "" ? bad("expected a name") : good(written.trim())),
  "a name",
);

/** One Kubernetes cluster: `providers.kubernetes.<name>`. */
export const kubernetesEngineSchema = z.strictObject({
  kubeconfig: key(file, {
    description:
      "Kubeconfig that says where the cluster is and who Wakegate is there. Relative to the file's folder. Programs that log in (`exec`) are not run: give it a token.",
    defaultText: "the cluster that Wakegate runs in, by its service account",
    examples: ["/etc/rancher/k3s/k3s.yaml"],
  }),
  context: key(word, {
    description: "The context of `kubeconfig`.",
    defaultText: "its current-context",
    examples: ["home"],
  }),
  namespaces: key(z.array(text(parseNamespace, "a namespace")).min(1), {
    description:
      "Only these namespaces are looked at, and Wakegate needs rights in no other: a Role in each does in place of a ClusterRole.",
    defaultText: "all",
    examples: [["web", "games"]],
  }),
  services_reachable: key(z.boolean(), {
    description:
      "The addresses of Services lead there from where Wakegate runs, as inside of the cluster and on its nodes. `false`: that a pod is ready is proof enough, or the target's own `address` is asked.",
    defaultText: "`true` inside of the cluster, else `false`",
  }),
  inside: insideKey("its workloads count as"),
});

/** One cluster as the file says it. */
export type KubernetesEngineLayer = z.output<typeof kubernetesEngineSchema>;
