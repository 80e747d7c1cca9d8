import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import type { KubernetesEngineSpec } from "../../../src/config/model/engine.ts";
import { readAccess } from "../../../src/providers/kubernetes/read-access.ts";
import { service, workload } from "./manifests.ts";

const SLEEPY = new URL("../images/sleepy.mjs", import.meta.url);

/** What the tests do to a cluster that is there, besides what a provider may. */
export interface RealCluster {
  /** Puts the sleepy app there, asleep; resolves with its id. */
  create(name: string, env: Readonly<Record<string, string>>): Promise<string>;
  destroy(id: string): Promise<void>;
  scaleDown(id: string): Promise<void>;
}

/** By the rights of a kubeconfig, which must be those of somebody who may make Deployments in that namespace. */
export function openRealCluster(spec: KubernetesEngineSpec, namespace: string): RealCluster {
  const image = process.env["WAKEGATE_KUBE_IMAGE"] ?? "node:22-alpine";
  const core = `/api/v1/namespaces/${namespace}`;
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const nameOf = (id: string): string => id.split("/")[2] ?? "";
  return {
    async create(name, env) {
      const metadata = { name, namespace };
      await call(spec, "POST", `${core}/configmaps`, {
        metadata,
        data: { "server.mjs": readFileSync(SLEEPY, "utf8") },
      });
      const app = workload(name, { namespace, replicas: 0, image, env: { ...env, PORT: "8080" } });
      const { template, ...rest } = app["spec"] as { template: { spec: { containers: readonly object[] } } };
      const [container = {}] = template.spec.containers;
      const mounted = {
        ...container,
        command: ["node", "/app/server.mjs"],
        volumeMounts: [{ name: "app", mountPath: "/app" }],
      };
      const pod = {
        ...template.spec,
        containers: [mounted],
        volumes: [{ name: "app", configMap: { name } }],
      };
      await call(spec, "POST", `${apps}/deployments`, {
        ...app,
        spec: { ...rest, template: { ...template, spec: pod } },
      });
      await call(spec, "POST", `${core}/services`, service(name, { namespace }));
      return `${namespace}/deployment/${name}`;
    },
    async destroy(id) {
      await call(spec, "DELETE", `${apps}/deployments/${nameOf(id)}`);
      await call(spec, "DELETE", `${core}/services/${nameOf(id)}`);
      await call(spec, "DELETE", `${core}/configmaps/${nameOf(id)}`);
    },
    async scaleDown(id) {
      await call(spec, "PATCH", `${apps}/deployments/${nameOf(id)}/scale`, { spec: { replicas: 0 } });
    },
  };
}

/** What is not there any more was deleted. */
async function call(spec: KubernetesEngineSpec, method: string, path: string, body?: object): Promise<void> {
  const { url, ca, login, insecure } = readAccess(spec);
  const certificate = login.kind === "certificate" ? { cert: login.cert, key: login.key } : {};
  const token = login.kind === "token" ? login.token : undefined;
  const agent = new Agent({ ...certificate, ...(ca !== undefined && { ca }), rejectUnauthorized: !insecure });
  await new Promise<void>((resolve, reject) => {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers = {
      "content-type": type,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const asked = request(`${url}${path}`, { method, agent, headers }, (answer) => {
      answer.resume().once("end", () => {
        const { statusCode = 0 } = answer;
        if (statusCode < 300 || statusCode === 404) resolve();
        else reject(new Error(`${method} ${path}: ${String(statusCode)}`));
      });
    });
    asked.once("error", reject);
    asked.end(body && JSON.stringify(body));
  });
}
