import { writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readAccess } from "../../../src/providers/kubernetes/read-access.ts";
import { makeAuthority } from "../../support/proxmox/certificate.ts";
import { KINDS } from "../../support/kubernetes/kinds.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { never, Rig } from "./rig.ts";

let folder: TempFolder;
beforeEach(async () => {
  folder = await tempFolder("access");
});
afterEach(() => folder[Symbol.asyncDispose]());

const NOWHERE = { folder: "/nowhere", host: undefined, port: undefined };

async function read(config: object | string, context?: string) {
  const file = join(folder.path, "config");
  await writeFile(file, typeof config === "string" ? config : stringify(config));
  const kubeconfig = { file, ...(context !== undefined && { context }) };
  return readAccess({ name: "home", kubeconfig }, NOWHERE);
}

function config(user: object, cluster: object = {}) {
  return {
    "current-context": "home",
    contexts: [
      { name: "home", context: { cluster: "k3s", user: "me" } },
      { name: "far", context: { cluster: "gone", user: "me" } },
    ],
    clusters: [{ name: "k3s", cluster: { server: "https://k3s.lan:6443", ...cluster } }],
    users: [{ name: "me", user }],
  };
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("a kubeconfig", () => {
  it("gives the server, its authority and a token", async () => {
    const access = await read(config({ token: "abc" }, { "certificate-authority-data": base64("PEM") }));
    expect(access).toMatchObject({
      url: "https://k3s.lan:6443",
      ca: "PEM",
      insecure: false,
      login: { kind: "token", token: "abc" },
    });
  });

  it("gives client certificates, inline and in files beside it", async () => {
    const inline = { "client-certificate-data": base64("CERT"), "client-key-data": base64("KEY") };
    expect((await read(config(inline))).login).toEqual({ kind: "certificate", cert: "CERT", key: "KEY" });
    await writeFile(join(folder.path, "me.crt"), "C");
    await writeFile(join(folder.path, "me.key"), "K");
    const files = { "client-certificate": "me.crt", "client-key": "me.key" };
    expect((await read(config(files))).login).toEqual({ kind: "certificate", cert: "C", key: "K" });
    await expect(read(config({ "client-key": "me.key" }))).rejects.toThrow("are needed together");
  });

  it("gives server paths, other server names and clusters that are not checked", async () => {
    const cluster = {
      server: "https://rancher.lan/k8s/clusters/c-1/",
      "tls-server-name": "kube",
      "insecure-skip-tls-verify": true,
    };
    expect(await read(config({ token: "abc" }, cluster))).toMatchObject({
      url: "https://rancher.lan/k8s/clusters/c-1",
      serverName: "kube",
      insecure: true,
    });
  });

  it.each([
    ["exec", { exec: { command: "aws" } }, /logs in by aws \(exec\).*service account.*token/s],
    ["auth-provider", { "auth-provider": { name: "oidc" } }, /auth-provider.*give it a token/],
    ["a password", { username: "me", password: "x" }, /a password.*give it a token/],
  ])("that logs in by %s is refused with the way out", async (_, user, message) => {
    const reading = read(config(user));
    await expect(reading).rejects.toMatchObject({ name: "ProviderError", code: "not_supported" });
    await expect(reading).rejects.toThrow(message);
  });

  it.each([
    ["no YAML", "a: [", /is no YAML/],
    ["no kubeconfig", "- a", /is no kubeconfig/],
    ["no current context", {}, /has no current-context: add context/],
    [
      "plain http",
      config({}, { server: "http://k3s.lan:8080" }),
      /by https only, not http:\/\/k3s\.lan:8080/,
    ],
    ["a proxy", config({}, { "proxy-url": "socks5://x" }), /proxy-url is not spoken/],
    ["a missing file", config({}, { "certificate-authority": "ca.crt" }), /ca\.crt cannot be read/],
  ])("with %s is refused with file and entry", async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
    await expect(read(text)).rejects.toThrow("engine home: ");
  });

  it("without the context that was asked for names those that there are", async () => {
    await expect(read(config({}), "hme")).rejects.toThrow(
      /has no context hme, but home, far.*did you mean "home"/,
    );
    await expect(read(config({}), "far")).rejects.toThrow("has no cluster gone, but k3s");
  });
});

describe("inside of a cluster", () => {
  it("the service account's files say everything", async () => {
    await writeFile(join(folder.path, "token"), "abc\n");
    await writeFile(join(folder.path, "namespace"), "wakegate\n");
    await writeFile(join(folder.path, "ca.crt"), "PEM");
    const inside = { folder: folder.path, host: "fd00::1", port: "443" };
    expect(readAccess({ name: "home" }, inside)).toEqual({
      url: "https://[fd00::1]:443",
      ca: "PEM",
      insecure: false,
      login: { kind: "token-file", file: join(folder.path, "token") },
      who: "the service account of the namespace wakegate",
      namespace: "wakegate",
    });
  });

  it("a missing token tells what switches it off, and no cluster how to name one", async () => {
    const inside = { folder: folder.path, host: "10.43.0.1", port: "443" };
    expect(() => readAccess({ name: "home" }, inside)).toThrow(/automountServiceAccountToken/);
    expect(() => readAccess({ name: "home" }, NOWHERE)).toThrow(
      /does not run inside of a cluster.*add providers\.kubernetes\.home\.kubeconfig/,
    );
  });
});

describe("the API server", () => {
  it("lets in by a client certificate", async () => {
    await using rig = await Rig.open();
    const mine = rig.simulator.authority.leaf("me");
    const provider = await rig.provider();
    const text = JSON.parse(rig.simulator.kubeconfig("x")) as { users: { name: string; user: object }[] };
    const user = { "client-certificate-data": base64(mine.cert), "client-key-data": base64(mine.key) };
    await writeFile(rig.kubeconfig, JSON.stringify({ ...text, users: [{ name: "sim", user }] }));
    const id = rig.app("blog", {}, KINDS.statefulsets);
    expect(await provider.inspect(id, never)).toMatchObject({ id, status: "exited" });
    expect(rig.simulator.seen.at(-1)?.user).toBe("certificate");
  });

  it("whose certificate is somebody else's is not spoken to, and no token is sent", async () => {
    await using rig = await Rig.open();
    const provider = await rig.provider();
    const text = JSON.parse(rig.simulator.kubeconfig("secret")) as object;
    const ca = base64(makeAuthority().root.cert);
    const clusters = [
      { name: "sim", cluster: { server: rig.simulator.url, "certificate-authority-data": ca } },
    ];
    await writeFile(rig.kubeconfig, JSON.stringify({ ...text, clusters }));
    const asking = provider.inspect("default/deployment/blog", never);
    await expect(asking).rejects.toMatchObject({ code: "engine_unreachable" });
    await expect(asking).rejects.toThrow(/not trusted.*certificate-authority/);
    expect(rig.simulator.seen).toEqual([]);
  });

  it("that is something else is told to be none", async () => {
    await using rig = await Rig.open();
    const { cert, key } = rig.simulator.authority.leaf("web");
    const other = createServer({ cert, key }, (_, response) => void response.end("<html>hello</html>"));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const provider = await rig.provider();
    const text = rig.simulator
      .kubeconfig("secret")
      .replace(rig.simulator.url, `https://127.0.0.1:${String(port)}`);
    await writeFile(rig.kubeconfig, text);
    const asking = provider.inspect("default/deployment/blog", never);
    await expect(asking).rejects.toThrow(/what answers at https:\S+ is no API server of Kubernetes/);
    other.close();
    other.closeAllConnections();
  });

  it("that is not there is told with its address", async () => {
    await using rig = await Rig.open();
    const provider = await rig.provider();
    await rig.simulator.goAway();
    await expect(provider.inspect("default/deployment/blog", never)).rejects.toThrow(
      `nothing listens at ${rig.simulator.url}: does the API server run?`,
    );
    await rig.simulator.comeBack();
  });
});
