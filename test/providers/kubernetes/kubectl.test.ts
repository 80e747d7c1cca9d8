import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { KINDS } from "../../support/kubernetes/kinds.ts";
import { findBinary, suite } from "../../support/require.ts";
import { never, Rig } from "./rig.ts";

const APP = new URL("../../../examples/kubernetes/app.yaml", import.meta.url);

suite("kubectl", "kubectl, which knows nothing of the simulator", () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.open();
    await writeFile(rig.kubeconfig, rig.simulator.kubeconfig("secret"));
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  /** Runs it to its end, or until `enough` was printed. */
  async function kubectl(
    args: readonly string[],
    { input = "", enough = undefined as ((printed: string) => boolean) | undefined } = {},
  ): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn(findBinary("kubectl") ?? "kubectl", ["--kubeconfig", rig.kubeconfig, ...args], {
      env: { ...process.env, HOME: rig.folder.path },
    });
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      if (enough?.(out)) child.kill("SIGTERM");
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.stdin.end(input);
    await once(child, "close");
    return { code: child.exitCode, out, err };
  }

  it("creates, scales and annotates what the provider then sees", async () => {
    const input = parseAllDocuments(readFileSync(APP, "utf8"))
      .map((document) => document.toJS() as { kind: string })
      .filter(({ kind }) => kind !== "Namespace")
      .map((manifest) => stringify(manifest))
      .join("---\n");
    const created = await kubectl(["create", "--validate=false", "-f", "-"], { input });
    expect(created).toMatchObject({ code: 0, out: "deployment.apps/blog created\nservice/blog created\n" });
    const provider = await rig.provider();
    const id = "web/deployment/blog";
    await provider.sleep(id, { method: "stop" }, never);
    const stored = await kubectl(["get", "deploy", "blog", "-n", "web", "-o", "json"]);
    expect(JSON.parse(stored.out)).toMatchObject({
      metadata: { annotations: { "wakegate.io/replicas": "1", "wakegate.enable": "true" } },
      spec: { replicas: 0 },
    });
    expect((await kubectl(["scale", "deploy/blog", "-n", "web", "--replicas=2"])).code).toBe(0);
    expect(rig.simulator.replicas("blog", "web")).toBe(2);
    await kubectl(["annotate", "deploy/blog", "-n", "web", "wakegate.idle_timeout=1h", "--overwrite"]);
    expect((await provider.inspect(id, never))?.labels["wakegate.idle_timeout"]).toBe("1h");
  });

  it("watches with the same events", async () => {
    rig.app("blog");
    const watching = kubectl(["get", "deploy", "-w", "--output-watch-events", "-o", "json"], {
      enough: (printed) => printed.includes("DELETED"),
    });
    for (let tries = 0; rig.simulator.streams === 0; tries++) {
      if (tries > 1_200) throw new Error("never watched");
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    rig.simulator.store.delete(KINDS.deployments, "default", "blog");
    const { out } = await watching;
    expect(out.replaceAll(/\s+/g, "")).toContain('"type":"DELETED","object":{"apiVersion":"apps/v1"');
  });

  it("reads logs and refusals", async () => {
    const id = rig.app("blog", { probed: true });
    await (await rig.provider()).wake({ id }, never);
    expect((await kubectl(["logs", "deploy/blog"])).out).toContain("listening on 8080");
    const rule = { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"] };
    rig.simulator.addToken("less", "system:serviceaccount:wakegate:wakegate", { "*": [rule] });
    await writeFile(join(rig.folder.path, "kubeconfig"), rig.simulator.kubeconfig("less"));
    const refused = await kubectl(["get", "deployments", "-A"]);
    expect(refused.err).toContain("Error from server (Forbidden): deployments.apps is forbidden: User");
  });
});
