import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Client } from "../../support/kubernetes/client.ts";
import { KINDS } from "../../support/kubernetes/kinds.ts";
import { ingress, service, workload } from "../../support/kubernetes/manifests.ts";
import { fieldMatcher, labelMatcher } from "../../support/kubernetes/selectors.ts";
import { Simulator } from "../../support/kubernetes/simulator.ts";

const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const ALL = "/apis/apps/v1/deployments";

let simulator: Simulator;
let client: Client;
beforeEach(async () => {
  simulator = await Simulator.start();
  simulator.addToken("secret");
  client = new Client(simulator, "secret");
});
afterEach(() => simulator[Symbol.asyncDispose]());

const add = (name: string): void => {
  simulator.create(KINDS.deployments, workload(name, { replicas: 0 }));
};

const settled = (): Promise<void> => simulator.controllers.settled();

async function listed(): Promise<string> {
  await settled();
  const { body } = await client.ask("GET", ALL);
  return (body["metadata"] as { resourceVersion: string }).resourceVersion;
}

/** The first events of a watch. */
async function events(path: string, count: number): Promise<{ type: string; name: string | undefined }[]> {
  const seen: { type: string; name: string | undefined }[] = [];
  for await (const { type, object } of client.watch(path)) {
    seen.push({ type, name: object.metadata.name ?? object.reason });
    if (seen.length === count) break;
  }
  return seen;
}

describe("the simulated cluster's lists", () => {
  it("carry the revision of the whole cluster, which every write raises", async () => {
    const before = Number(await listed());
    simulator.create(KINDS.configmaps, { metadata: { name: "other", namespace: "default" } });
    expect(Number(await listed())).toBe(before + 1);
  });

  it("come in pages that all show the moment of the first", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) add(name);
    await settled();
    const first = await client.ask("GET", `${ALL}?limit=2`);
    const { continue: token, remainingItemCount } = first.body["metadata"] as {
      continue: string;
      remainingItemCount: number;
    };
    expect(remainingItemCount).toBe(3);
    add("bb");
    const second = await client.ask("GET", `${ALL}?limit=2&continue=${token}`);
    const names = (second.body["items"] as { metadata: { name: string } }[]).map(
      ({ metadata }) => metadata.name,
    );
    expect(names).toEqual(["c", "d"]);
  });

  it("tell a page whose history is compacted with 410 Expired", async () => {
    for (const name of ["a", "b", "c"]) add(name);
    await settled();
    const { body } = await client.ask("GET", `${ALL}?limit=1`);
    add("d");
    simulator.store.compact();
    const token = (body["metadata"] as { continue: string }).continue;
    const late = await client.ask("GET", `${ALL}?limit=1&continue=${token}`);
    expect(late).toMatchObject({ status: 410, body: { kind: "Status", reason: "Expired", code: 410 } });
  });

  it("can be narrowed by labels and names", async () => {
    add("a");
    add("b");
    const { body } = await client.ask("GET", `${ALL}?labelSelector=${encodeURIComponent("app in (b,c)")}`);
    expect(body["items"]).toHaveLength(1);
    const object = { metadata: { name: "x", namespace: "n", labels: { app: "a", tier: "web" } } };
    expect(
      ["app=a", "app==a,tier", "app!=b", "app notin (b,c)", "!other"].map((text) =>
        labelMatcher(text)(object),
      ),
    ).toEqual([true, true, true, true, true]);
    expect(
      ["app=b", "!app", "tier notin (web)", "app=a,other"].some((text) => labelMatcher(text)(object)),
    ).toBe(false);
    expect(fieldMatcher("metadata.name=x,metadata.namespace=n")(object)).toBe(true);
    expect(fieldMatcher("metadata.name=y")(object)).toBe(false);
  });
});

describe("the simulated cluster's watches", () => {
  it("go on where a list ended, over all that was written since", async () => {
    const from = await listed();
    add("a");
    await settled();
    simulator.store.delete(KINDS.deployments, "default", "a");
    const seen = await events(`${ALL}?watch=true&resourceVersion=${from}`, 3);
    expect(seen.map(({ type }) => type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
  });

  it("begin with everything where no revision is given", async () => {
    add("a");
    await settled();
    expect(await events(`${ALL}?watch=true`, 1)).toEqual([{ type: "ADDED", name: "a" }]);
  });

  it("tell of other namespaces only where all are asked for", async () => {
    const from = await listed();
    simulator.create(KINDS.deployments, workload("far", { namespace: "web", replicas: 0 }));
    add("near");
    expect(await events(`${DEPLOYMENTS}?watch=true&resourceVersion=${from}`, 1)).toEqual([
      { type: "ADDED", name: "near" },
    ]);
    expect(await events(`${ALL}?watch=true&resourceVersion=${from}`, 1)).toEqual([
      { type: "ADDED", name: "far" },
    ]);
  });

  it("send bookmarks to those that ask for them alone, and end with one when their time is over", async () => {
    const from = await listed();
    simulator.faults.streamMs = 700;
    const query = `watch=true&resourceVersion=${from}`;
    const kinds = (seen: { type: string }[]): string[] => [...new Set(seen.map(({ type }) => type))];
    expect(kinds(await events(`${ALL}?${query}&allowWatchBookmarks=true`, 99))).toEqual(["BOOKMARK"]);
    expect(await events(`${ALL}?${query}`, 99)).toEqual([]);
  });

  it("refuse a revision that is compacted: in an event, or by HTTP", async () => {
    const from = await listed();
    add("a");
    await settled();
    simulator.store.compact();
    const path = `${ALL}?watch=true&resourceVersion=${from}`;
    expect(await events(path, 9)).toEqual([{ type: "ERROR", name: "Expired" }]);
    simulator.faults.gone = "status";
    expect(await client.ask("GET", path)).toMatchObject({ status: 410, body: { reason: "Expired" } });
  });

  it("can be cut in the middle of a line", async () => {
    const from = await listed();
    simulator.faults.cutEvents = 1;
    const cut = events(`${ALL}?watch=true&resourceVersion=${from}`, 9);
    add("a");
    await expect(cut).rejects.toThrow("aborted");
  });
});

describe("the simulated cluster's writes", () => {
  it("of a version that is not the present one are refused with 409", async () => {
    add("a");
    await settled();
    const { body } = await client.ask("GET", `${DEPLOYMENTS}/a/scale`);
    const { metadata } = body as { metadata: { resourceVersion: string } };
    const write = (resourceVersion?: string) =>
      client.ask("PUT", `${DEPLOYMENTS}/a/scale`, {
        metadata: { name: "a", namespace: "default", resourceVersion },
        spec: { replicas: 1 },
      });
    expect(await write("1")).toMatchObject({ status: 409, body: { reason: "Conflict" } });
    expect(await write(metadata.resourceVersion)).toMatchObject({ status: 200, body: { kind: "Scale" } });
    expect(simulator.replicas("a")).toBe(1);
    expect((await write()).status).toBe(200);
  });

  it("by PATCH of the scale and of annotations change only what they name", async () => {
    add("a");
    const type = "application/merge-patch+json";
    const scaled = await client.ask("PATCH", `${DEPLOYMENTS}/a/scale`, { spec: { replicas: 3 } }, type);
    expect(scaled.body).toMatchObject({ kind: "Scale", spec: { replicas: 3 } });
    const noted = { metadata: { annotations: { note: "x" } } };
    expect((await client.ask("PATCH", `${DEPLOYMENTS}/a`, noted, type)).status).toBe(200);
    expect(simulator.replicas("a")).toBe(3);
    expect((await client.ask("PATCH", `${DEPLOYMENTS}/a`, noted)).status).toBe(415);
  });

  it("that change nothing leave the version as it is", async () => {
    add("a");
    await settled();
    const before = simulator.store.revision;
    simulator.scale("a", 0);
    expect(simulator.store.revision).toBe(before);
  });
});

describe("the simulated cluster's door", () => {
  it("lets nobody in without a token that it knows", async () => {
    const stranger = await new Client(simulator, "wrong").ask("GET", ALL);
    expect(stranger).toMatchObject({ status: 401, body: { kind: "Status", reason: "Unauthorized" } });
  });

  it("grants by rules, and says what is missing", async () => {
    const rule = { apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"] };
    simulator.addToken("less", "system:serviceaccount:wakegate:wakegate", { default: [rule] });
    const less = new Client(simulator, "less");
    expect((await less.ask("GET", DEPLOYMENTS)).status).toBe(200);
    expect((await less.ask("GET", ALL)).body["message"]).toBe(
      'deployments.apps is forbidden: User "system:serviceaccount:wakegate:wakegate" cannot list resource "deployments" in API group "apps" at the cluster scope',
    );
    const review = {
      spec: {
        resourceAttributes: { verb: "list", group: "apps", resource: "deployments", namespace: "default" },
      },
    };
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    expect(await less.ask("POST", path, review)).toMatchObject({
      status: 201,
      body: { status: { allowed: true } },
    });
  });

  it("asks for patience with 429 and Retry-After", async () => {
    simulator.faults.busy = 1;
    const busy = await client.ask("GET", ALL);
    expect(busy.status).toBe(429);
    expect(busy.headers["retry-after"]).toBe("1");
    expect((await client.ask("GET", ALL)).status).toBe(200);
  });
});

describe("the simulated cluster's controllers", () => {
  const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
    for (let tries = 0; !(await holds()); tries++) {
      if (tries > 1_200) throw new Error(`never: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };

  it("make pods that serve at the Service's address, and take them away", async () => {
    simulator.create(KINDS.deployments, workload("web", { replicas: 2, probed: true }));
    simulator.create(KINDS.ingresses, ingress("web", "web.test"));
    const { spec } = simulator.create(KINDS.services, service("web")) as unknown as {
      spec: { clusterIP: string };
    };
    const status = (): { readyReplicas?: number } => {
      const { status = {} } = simulator.store.mustGet(KINDS.deployments, "default", "web");
      return status as { readyReplicas?: number };
    };
    await until("ready", () => status().readyReplicas === 2);
    const answers = (): Promise<boolean> =>
      fetch(`http://${spec.clusterIP}/`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until("answers", answers);
    simulator.scale("web", 0);
    await until("gone", () => simulator.pods().length === 0);
    await until("refuses", async () => !(await answers()));
    expect(status().readyReplicas).toBeUndefined();
  });

  it("count a pod no more when it is asked to go, although it still runs", async () => {
    simulator.create(KINDS.deployments, workload("web", { replicas: 1, env: { ON_TERM: "slow:500" } }));
    const status = (): object =>
      simulator.store.mustGet(KINDS.deployments, "default", "web")["status"] as object;
    const logged = (): string | undefined => {
      const [pod] = simulator.pods();
      return pod && simulator.controllers.log(pod);
    };
    await until("boots", () => logged()?.includes("listening") === true);
    simulator.scale("web", 0);
    await until("not counted", () => !("replicas" in status()));
    expect(simulator.pods()).toHaveLength(1);
    await until("gone", () => simulator.pods().length === 0);
  });
});
