import { describe, expect, it } from "vitest";
import { readLabels } from "../../src/config/labels.ts";
import { parseFingerprint, parseTokenId } from "../../src/config/values/proxmox.ts";
import { parseProxmoxUrl } from "../../src/config/values/urls.ts";
import type { InstanceSummary } from "../../src/providers/provider.ts";
import { line, loadText, messageFor, settingsOf, told, valueOf } from "./support.ts";

const LAB = `
providers:
  docker: {}
  proxmox:
    lab: { url: "https://pve1.lan", token_id: "wakegate@pve!power", token_secret: "s3cret", ca_file: root.pem }
`;

function guest(vmid: number, type: "lxc" | "qemu", labels: Record<string, string> = {}): InstanceSummary {
  const id = `lab:${String(vmid)}`;
  return { id, name: `g${String(vmid)}`, createdAt: 0, image: type, labels, status: "exited", networks: [] };
}

describe("providers.proxmox", () => {
  it("makes an engine with absolute paths and the usual port", async () => {
    const { engines } = settingsOf(await loadText(LAB));
    expect(engines).toEqual([
      {
        kind: "proxmox",
        name: "lab",
        url: "https://pve1.lan:8006",
        login: { kind: "token", id: "wakegate@pve!power", secret: { text: "s3cret" } },
        trust: { caFile: expect.stringMatching(/^\/.*\/root\.pem$/) as string },
        discover: true,
      },
    ]);
  });

  it("takes the secret from a file, from a named variable or from the usual one", async () => {
    const yaml = (secret: string): string =>
      `providers: { docker: {}, proxmox: { lab: { url: "https://a", token_id: "w@pve!t"${secret} } } }`;
    const secretOf = async (text: string, env = {}): Promise<unknown> => {
      const [engine] = settingsOf(await loadText(yaml(text), { env })).engines;
      return engine?.kind === "proxmox" ? engine.login.secret : undefined;
    };
    expect(await secretOf(", token_secret_file: /run/secrets/t")).toEqual({ file: "/run/secrets/t" });
    expect(await secretOf(", token_secret_env: PVE", { PVE: "x" })).toEqual({ text: "x" });
    expect(await secretOf("", { WAKEGATE_PROXMOX_LAB_TOKEN_SECRET: "y" })).toEqual({ text: "y" });
    expect(told(await loadText(yaml(""))).join()).toContain("WAKEGATE_PROXMOX_LAB_TOKEN_SECRET");
    expect(told(await loadText(yaml(", token_secret: a, token_secret_env: B"))).join()).toContain(
      "remove the others",
    );
  });

  it("logs in as a user too, but as one only", async () => {
    const yaml = (more: string): string =>
      `providers: { docker: {}, proxmox: { lab: { url: "https://a", ${more} } } }`;
    const [engine] = settingsOf(await loadText(yaml('user: "w@pve", password: p'))).engines;
    expect(engine).toMatchObject({ login: { kind: "password", user: "w@pve", secret: { text: "p" } } });
    expect(told(await loadText(yaml('user: "w@pve", password: p, token_id: "w@pve!t"'))).join()).toContain(
      "not both",
    );
    expect(told(await loadText(yaml("discover: true"))).join()).toContain("who Wakegate is there");
  });

  it("never repeats a secret", async () => {
    const yaml =
      'providers: { proxmox: { lab: { url: "https://a", token_id: "w@pve!t", token_secret: [hidden] } } }';
    expect(JSON.stringify(await loadText(yaml))).not.toContain("hidden");
    const inId =
      'providers: { proxmox: { lab: { url: "https://a", token_id: "w@pve!t=hidden", token_secret: a } } }';
    expect(JSON.stringify(await loadText(inId))).not.toContain("hidden");
  });

  it("reads addresses, ids and fingerprints, and says what is wrong with others", () => {
    expect(valueOf(parseProxmoxUrl("https://pve1.lan:8006/"))).toBe("https://pve1.lan:8006");
    expect(valueOf(parseProxmoxUrl("https://[fd00::1]"))).toBe("https://[fd00::1]:8006");
    expect(valueOf(parseProxmoxUrl("https://pve1.lan:443/api2/json"))).toBe("https://pve1.lan:443");
    expect(messageFor(parseProxmoxUrl("http://pve1.lan:8006"))).toContain("https://");
    expect(messageFor(parseTokenId("wakegate@pve"))).toContain("user@realm!name");
    const print = "ab".repeat(32);
    expect(valueOf(parseFingerprint(print))).toBe(Array.from({ length: 32 }, () => "AB").join(":"));
    expect(messageFor(parseFingerprint("ab".repeat(20)))).toContain("SHA-1");
  });
});

describe("targets with a guest", () => {
  it("name it by its number", async () => {
    const settings = settingsOf(
      await loadText(`${LAB}targets: { web: { proxmox: { vmid: 103 }, port: 80 } }`),
    );
    expect(settings.targets[0]).toMatchObject({ source: { kind: "proxmox", engine: "lab", vmid: 103 } });
    const reading = readLabels(guest(103, "lxc"), "lab", settings);
    expect(reading).toMatchObject({ kind: "target", name: "web" });
    expect(readLabels(guest(104, "lxc"), "lab", settings)).toMatchObject({ kind: "ignored" });
  });

  it("have one guest each, of a cluster that exists", async () => {
    const two = `${LAB}targets: { a: { proxmox: { vmid: 103 } }, b: { proxmox: { vmid: 103 } } }`;
    expect(told(await loadText(two)).join()).toContain("a has this guest already");
    const other = `${LAB}targets: { a: { proxmox: { vmid: 103, engine: lba } } }`;
    expect(told(await loadText(other)).join()).toContain("lab");
    expect(told(await loadText("targets: { a: { proxmox: { vmid: 103 } } }")).join()).toContain(
      "providers.proxmox",
    );
    expect(told(await loadText(`${LAB}targets: { a: { proxmox: { vmid: 99 } } }`)).join()).toContain("100");
  });

  it("are refused a pause of a container, and may pause and hibernate machines", async () => {
    const settings = settingsOf(
      await loadText(`${LAB}targets: { web: { proxmox: { vmid: 103 }, stop_method: pause } }`),
    );
    const refused = readLabels(guest(103, "lxc"), "lab", settings);
    expect(refused.kind).toBe("invalid");
    expect(refused.problems.map(line).join()).toContain("an LXC container cannot be paused");
    expect(readLabels(guest(103, "qemu"), "lab", settings).kind).toBe("target");
    const hibernating = { "wakegate.enable": "true", "wakegate.stop_method": "hibernate" };
    expect(readLabels(guest(200, "qemu", hibernating), "lab", settings).kind).toBe("target");
  });

  it("are refused signals", async () => {
    const yaml = `${LAB}targets: { web: { proxmox: { vmid: 103 }, stop_signal: INT } }`;
    expect(told(await loadText(yaml)).join()).toContain("no signals");
  });

  it("come of tags and notes alone", async () => {
    const settings = settingsOf(await loadText(LAB));
    const labels = { "wakegate.enable": "true", "wakegate.hosts": "web.example.com" };
    expect(readLabels(guest(105, "lxc", labels), "lab", settings)).toMatchObject({
      kind: "target",
      spec: { source: { kind: "proxmox", engine: "lab", vmid: 105 }, routes: [{ host: "web.example.com" }] },
    });
  });
});
