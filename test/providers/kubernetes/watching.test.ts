import { mkdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiError } from "../../support/kubernetes/answers.ts";
import { KINDS } from "../../support/kubernetes/kinds.ts";
import { ingress, service, workload } from "../../support/kubernetes/manifests.ts";
import { never, Rig } from "./rig.ts";

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.open();
});
afterEach(() => rig[Symbol.asyncDispose]());

const lists = (): number => rig.simulator.count("list", "deployments");
/** Streams of Deployments, StatefulSets, Services and Ingresses. */
const ALL_STREAMS = 4;

async function streaming(): Promise<void> {
  for (let tries = 0; rig.simulator.streams < ALL_STREAMS; tries++) {
    if (tries > 1_200) throw new Error("never all streams");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("a stream of changes", () => {
  it("that the server ends goes on where it was, without another listing", async () => {
    const sink = await rig.watch(await rig.provider());
    await streaming();
    rig.simulator.endStreams();
    const id = rig.app("later");
    await sink.until("created", (seen) => seen.causes(id).includes("created"));
    expect(lists()).toBe(1);
    expect(sink.listings).toHaveLength(1);
    expect(sink.outages).toHaveLength(0);
  });

  it("that breaks in the middle of a line loses no event", async () => {
    const sink = await rig.watch(await rig.provider());
    await streaming();
    rig.simulator.faults.cutEvents = 1;
    const id = rig.app("cut");
    await sink.until("created", (seen) => seen.causes(id).includes("created"));
    expect(sink.causes(id).filter((cause) => cause === "created")).toHaveLength(1);
    expect(lists()).toBe(1);
    expect(sink.outages).toHaveLength(0);
  });

  it("falls silent and is opened anew", async () => {
    // Shorter than the simulator's bookmarks.
    const sink = await rig.watch(await rig.provider({}, { watch: { silenceMs: 100 } }));
    const before = rig.simulator.count("watch", "services");
    for (let tries = 0; rig.simulator.count("watch", "services") < before + 3; tries++) {
      if (tries > 1_200) throw new Error("never opened anew");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(lists()).toBe(1);
    expect(sink.seen).toHaveLength(1);
  });

  it.each(["event", "status"] as const)(
    "whose history is compacted (told by %s) makes the cluster be listed anew",
    async (how) => {
      const sink = await rig.watch(await rig.provider());
      await streaming();
      rig.simulator.faults.gone = how;
      rig.simulator.faults.streamMs = 300_000;
      const id = rig.app("lost");
      await sink.until("created", (seen) => seen.causes(id).includes("created"));
      rig.simulator.create(KINDS.configmaps, { metadata: { name: "later", namespace: "default" } });
      rig.simulator.store.compact();
      rig.simulator.cut();
      await sink.until("listed again", ({ listings }) => listings.length === 2);
      expect(sink.outages).toHaveLength(0);
    },
  );

  it("that tells a failure of the server is tried once more", async () => {
    rig.simulator.faults.failNext = [new ApiError(500, "InternalError", "etcd leader changed")];
    const sink = await rig.watch(await rig.provider());
    await streaming();
    const id = rig.app("later");
    await sink.until("created", (seen) => seen.causes(id).includes("created"));
    expect(sink.outages).toHaveLength(0);
  });

  it("is kept up by bookmarks while nothing happens to what it tells of", async () => {
    const sink = await rig.watch(await rig.provider());
    await streaming();
    const id = rig.app("quiet");
    await sink.until("created", (seen) => seen.causes(id).includes("created"));
    const from = rig.simulator.store.revision;
    rig.simulator.create(KINDS.configmaps, { metadata: { name: "other", namespace: "default" } });
    // The end of a stream brings a bookmark: whoever takes it up stands after the write that it never saw.
    rig.simulator.endStreams();
    await streaming();
    rig.simulator.store.compact();
    expect(rig.simulator.store.oldest).toBeGreaterThan(from);
    rig.simulator.endStreams();
    await streaming();
    rig.simulator.scale("quiet", 1);
    await sink.until("changed", (seen) => seen.causes(id).includes("health"));
    expect(sink.listings).toHaveLength(1);
  });
});

describe("a listing", () => {
  it("is complete over many pages", async () => {
    for (let index = 0; index < 1_100; index++)
      rig.simulator.create(KINDS.services, service(`s${String(index)}`));
    rig.simulator.create(KINDS.deployments, workload("last", { replicas: 0, labels: {} }));
    rig.simulator.create(KINDS.services, service("zzz", { app: "last" }));
    const sink = await rig.watch(await rig.provider());
    expect(rig.simulator.count("list", "services")).toBe(3);
    const [instance] = sink.listings[0]?.instances ?? [];
    expect(instance?.networks[0]?.address).toMatch(/^127\./);
  });

  it("waits as long as a busy server asks for", async () => {
    rig.simulator.faults.busy = 2;
    const sink = await rig.watch(await rig.provider());
    expect(sink.listings).toHaveLength(1);
    expect(sink.outages).toHaveLength(0);
  });

  it("asks for no more than the namespaces that are configured", async () => {
    const rules = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
    rig.simulator.addToken("narrow", "wakegate", { web: rules, games: rules });
    rig.app("blog", { namespace: "web" });
    rig.app("secret", { namespace: "elsewhere" });
    const provider = await rig.provider({ token: "narrow", namespaces: ["web", "games"] });
    const sink = await rig.watch(provider);
    expect(sink.listings[0]?.instances.map(({ id }) => id)).toEqual(["web/deployment/blog"]);
    expect(await provider.inspect("elsewhere/deployment/secret", never)).toBeUndefined();
    expect(rig.simulator.seen.every(({ namespace }) => namespace === "web" || namespace === "games")).toBe(
      true,
    );
  });

  it("does without Ingresses that it may not read, and says so", async () => {
    const rules = [
      { apiGroups: ["apps"], resources: ["*"], verbs: ["*"] },
      { apiGroups: [""], resources: ["*"], verbs: ["*"] },
    ];
    rig.simulator.addToken("less", "wakegate", { "*": rules });
    rig.app("blog");
    const sink = await rig.watch(await rig.provider({ token: "less" }));
    expect(sink.listings[0]?.instances).toHaveLength(1);
    expect(rig.said.join("\n")).toMatch(/Ingresses are not read.*ingresses/);
  });

  it("goes on without Ingresses that it may list and not watch", async () => {
    const rules = [
      { apiGroups: ["apps", ""], resources: ["*"], verbs: ["*"] },
      { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["list"] },
    ];
    rig.simulator.addToken("less", "wakegate", { "*": rules });
    const sink = await rig.watch(await rig.provider({ token: "less" }));
    await rig.heard("Ingresses are not read");
    const id = rig.app("blog");
    await sink.until("created", (seen) => seen.causes(id).includes("created"));
    expect(lists()).toBe(1);
    expect(sink.outages).toEqual([]);
  });

  it("takes Ingresses up again after the API server refused them while it started", async () => {
    const id = rig.app("blog");
    rig.simulator.faults.refuse = ({ resource }) => resource === "ingresses";
    const sink = await rig.watch(await rig.provider());
    await rig.heard("Ingresses are not read");
    rig.simulator.create(KINDS.ingresses, ingress("blog", "blog.test"));
    rig.simulator.faults.refuse = () => false;
    await sink.until("told of its hosts", (seen) => seen.causes(id).includes("renamed"));
    rig.simulator.store.delete(KINDS.ingresses, "default", "blog");
    await sink.until(
      "told of their end",
      (seen) => seen.causes(id).filter((cause) => cause === "renamed").length === 2,
    );
    expect(sink.listings).toHaveLength(1);
  });

  it("takes Ingresses up again whose stream was refused in between, without those deleted by then", async () => {
    const id = rig.app("blog");
    rig.simulator.create(KINDS.ingresses, ingress("blog", "blog.test"));
    const provider = await rig.provider();
    const sink = await rig.watch(provider);
    await streaming();
    rig.simulator.faults.refuse = ({ resource }) => resource === "ingresses";
    rig.simulator.endStreams();
    await rig.heard("Ingresses are not read");
    rig.simulator.store.delete(KINDS.ingresses, "default", "blog");
    rig.simulator.faults.refuse = () => false;
    await sink.until("told of their end", (seen) => seen.causes(id).includes("renamed"));
    expect((await provider.inspect(id, never))?.ingress).toBeUndefined();
    expect(sink.listings).toHaveLength(1);
    expect(sink.outages).toEqual([]);
  });

  it("goes on without a namespace that may not be read, and takes it up when it may", async () => {
    const rules = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
    rig.simulator.addToken("narrow", "wakegate", { web: rules });
    const blog = rig.app("blog", { namespace: "web" });
    const chess = rig.app("chess", { namespace: "games" });
    const sink = await rig.watch(await rig.provider({ token: "narrow", namespaces: ["web", "games"] }));
    expect(sink.listings[0]?.instances.map(({ id }) => id)).toEqual([blog]);
    await rig.heard("the namespace games is left out");
    rig.simulator.scale("blog", 1, "web");
    await sink.until("told of the other", (seen) => seen.causes(blog).length > 0);
    rig.simulator.addToken("narrow", "wakegate", { web: rules, games: rules });
    await sink.until("created", (seen) => seen.causes(chess).includes("created"));
    rig.simulator.scale("chess", 1, "games");
    await sink.until("followed", (seen) => seen.causes(chess).length > 1);
    expect(sink.outages).toEqual([]);
    expect(sink.listings).toHaveLength(1);
  });

  it("keeps what it knew of a namespace that is refused later, and learns then what happened in it", async () => {
    const rules = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
    rig.simulator.addToken("narrow", "wakegate", { web: rules, games: rules });
    const blog = rig.app("blog", { namespace: "web" });
    const chess = rig.app("chess", { namespace: "games" });
    const go = rig.app("go", { namespace: "games" });
    const sink = await rig.watch(await rig.provider({ token: "narrow", namespaces: ["web", "games"] }));
    rig.simulator.addToken("narrow", "wakegate", { web: rules });
    rig.simulator.endStreams();
    await rig.heard("the namespace games is left out");
    // Another session, which cannot list it either.
    rig.simulator.create(KINDS.configmaps, { metadata: { name: "later", namespace: "web" } });
    rig.simulator.faults.failNext = [new ApiError(410, "Expired", "too old resource version")];
    rig.simulator.cut();
    await sink.until("listed again", ({ listings }) => listings.length === 2);
    expect(sink.listings[1]?.instances.map(({ id }) => id).sort()).toEqual([chess, go, blog]);
    rig.simulator.store.delete(KINDS.deployments, "games", "go");
    rig.simulator.addToken("narrow", "wakegate", { web: rules, games: rules });
    await sink.until("destroyed", (seen) => seen.causes(go).includes("destroyed"));
    expect(sink.causes(chess)).toEqual([]);
    expect(sink.outages).toEqual([]);
  });

  it("of which every namespace is refused is told as an outage", async () => {
    rig.simulator.addToken("none", "wakegate", {});
    const sink = await rig.watch(await rig.provider({ token: "none", namespaces: ["web", "games"] }));
    expect(sink.outages[0]).toMatchObject({ code: "engine_forbidden" });
    const rules = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
    rig.simulator.addToken("none", "wakegate", { web: rules });
    await sink.until("listed", ({ listings }) => listings.length === 1);
  });

  it("whose changes are refused is no listing that helps: it is told as an outage", async () => {
    const rules = [
      { apiGroups: ["apps"], resources: ["*"], verbs: ["list"] },
      { apiGroups: ["", "networking.k8s.io"], resources: ["*"], verbs: ["*"] },
    ];
    rig.simulator.addToken("less", "wakegate", { "*": rules });
    const sink = await rig.watch(await rig.provider({ token: "less" }));
    await sink.until("away", ({ outages }) => outages.length > 0);
    expect(sink.outages[0]?.message).toMatch(/may not watch (deployments|statefulsets) .*verbs: \["watch"\]/);
  });

  it("that is refused tells which rule is missing", async () => {
    rig.simulator.addToken("none", "system:serviceaccount:wakegate:wakegate", {});
    const sink = await rig.watch(await rig.provider({ token: "none" }));
    expect(sink.outages[0]).toMatchObject({ code: "engine_forbidden" });
    expect(sink.outages[0]?.message).toContain("Add to its role: { apiGroups:");
    expect(sink.outages[0]?.message).toContain('verbs: ["list"] }');
  });

  it("knows the workload that Wakegate itself runs in", async () => {
    const folder = join(rig.folder.path, "account");
    await mkdir(folder);
    await writeFile(join(folder, "token"), "secret\n");
    await writeFile(join(folder, "namespace"), "wakegate");
    await writeFile(join(folder, "ca.crt"), rig.simulator.authority.root.cert);
    rig.app("wakegate", { namespace: "wakegate", replicas: 1 });
    await rig.simulator.controllers.settled();
    const [pod] = rig.simulator.pods("wakegate");
    const before = process.env["HOSTNAME"];
    process.env["HOSTNAME"] = pod?.metadata.name ?? hostname();
    try {
      const inside = { folder, host: "127.0.0.1", port: String(rig.simulator.port) };
      const provider = rig.open({ name: "home", servicesReachable: true }, { inside });
      const sink = await rig.watch(provider);
      expect(sink.listings[0]?.selfId).toBe("wakegate/deployment/wakegate");
    } finally {
      if (before === undefined) delete process.env["HOSTNAME"];
      else process.env["HOSTNAME"] = before;
    }
  });
});

describe("a token", () => {
  it("that was replaced in its file is taken up at the first refusal", async () => {
    const file = join(rig.folder.path, "token");
    await writeFile(file, "secret");
    const provider = await rig.provider();
    const config = JSON.parse(rig.simulator.kubeconfig("x")) as { users: { user: object }[] };
    config.users = [{ ...config.users[0], user: { tokenFile: "token" } }];
    await writeFile(rig.kubeconfig, JSON.stringify(config));
    const id = rig.app("blog");
    const sink = await rig.watch(provider);
    await streaming();
    rig.simulator.addToken("next");
    rig.simulator.removeToken("secret");
    await writeFile(file, "next");
    expect((await provider.inspect(id, never))?.status).toBe("exited");
    rig.simulator.endStreams();
    rig.app("later");
    await sink.until("created", (seen) => seen.causes("default/deployment/later").includes("created"));
    expect(sink.outages).toHaveLength(0);
  });

  it("whose file is gone is told with its path, and read again when it is back", async () => {
    const provider = await rig.provider();
    const config = JSON.parse(rig.simulator.kubeconfig("x")) as { users: { user: object }[] };
    config.users = [{ ...config.users[0], user: { tokenFile: "token" } }];
    await writeFile(rig.kubeconfig, JSON.stringify(config));
    const sink = await rig.watch(provider);
    expect(sink.outages[0]).toMatchObject({ name: "ProviderError", code: "engine_incompatible" });
    expect(sink.outages[0]?.message).toContain(join(rig.folder.path, "token"));
    await writeFile(join(rig.folder.path, "token"), "secret");
    await sink.until("listed", ({ listings }) => listings.length === 1);
  });

  it("that is refused for good is told, and a new one ends the outage", async () => {
    const sink = await rig.watch(await rig.provider({ token: "wrong" }));
    expect(sink.outages[0]).toMatchObject({ code: "engine_forbidden" });
    expect(sink.outages[0]?.message).toContain("401");
    expect(sink.outages[0]?.message).not.toContain("wrong token");
    await writeFile(rig.kubeconfig, rig.simulator.kubeconfig("secret"));
    await sink.until("listed", ({ listings }) => listings.length === 1);
  });
});

describe("what is told of a workload", () => {
  it("is new when its Ingress, Service or annotations change", async () => {
    const id = rig.app("blog");
    const sink = await rig.watch(await rig.provider());
    await streaming();
    rig.simulator.create(KINDS.ingresses, ingress("blog", "blog.test"));
    await sink.until(
      "Ingress",
      (seen) => seen.causes(id).filter((cause) => cause === "renamed").length === 1,
    );
    rig.simulator.store.update(KINDS.deployments, "default", "blog", (before) => ({
      ...before,
      metadata: { ...before.metadata, annotations: { "wakegate.enable": "true" } },
    }));
    await sink.until(
      "annotation",
      (seen) => seen.causes(id).filter((cause) => cause === "renamed").length === 2,
    );
    rig.simulator.store.delete(KINDS.services, "default", "blog");
    await sink.until(
      "Service",
      (seen) => seen.causes(id).filter((cause) => cause === "renamed").length === 3,
    );
  });

  it("is nothing at rest", async () => {
    rig.app("blog");
    await rig.watch(await rig.provider());
    await streaming();
    const before = rig.simulator.seen.length;
    rig.simulator.create(KINDS.configmaps, { metadata: { name: "other", namespace: "default" } });
    await rig.simulator.controllers.settled();
    expect(rig.simulator.seen).toHaveLength(before);
  });
});
