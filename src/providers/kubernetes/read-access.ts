import type { KubernetesEngineSpec } from "../../config/model/engine.ts";
import { ProviderError } from "../provider.ts";
import { readFileOf, type Access } from "./access.ts";
import { readKubeconfig } from "./kubeconfig.ts";

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** From where the inside of a cluster is known; tests give their own. */
export interface Inside {
  readonly folder: string;
  readonly host: string | undefined;
  readonly port: string | undefined;
}

/** What the kubelet tells every pod. */
export function insideHere(env: NodeJS.ProcessEnv = process.env): Inside {
  return {
    folder: ACCOUNT,
    host: env["KUBERNETES_SERVICE_HOST"],
    port: env["KUBERNETES_SERVICE_PORT"],
  };
}

/**
 * Reads how to get in, anew each time: certificates and tokens are replaced behind our back.
 *
 * @throws ProviderError `engine_incompatible` for what cannot be read or makes no sense, `not_supported` for a login
 *   that is not spoken.
 */
export function readAccess(
  { name, kubeconfig }: Pick<KubernetesEngineSpec, "name" | "kubeconfig">,
  inside: Inside = insideHere(),
): Access {
  return kubeconfig ? readKubeconfig(name, kubeconfig) : readInside(name, inside);
}

function readInside(engine: string, { folder, host, port }: Inside): Access {
  if (!host || !port)
    throw new ProviderError(
      "engine_incompatible",
      engine,
      `engine ${engine}: Wakegate does not run inside of a cluster (KUBERNETES_SERVICE_HOST is not set): add providers.kubernetes.${engine}.kubeconfig`,
    );
  const file = `${folder}/token`;
  readFileOf(engine, file, "Is automountServiceAccountToken: false set? It must be true");
  const namespace = readFileOf(engine, `${folder}/namespace`).trim();
  return {
    url: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ca: readFileOf(engine, `${folder}/ca.crt`),
    insecure: false,
    login: { kind: "token-file", file },
    who: `the service account of the namespace ${namespace}`,
    namespace,
  };
}
