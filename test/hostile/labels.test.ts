import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadTemplates } from "../../src/forward-auth/page/templates.ts";
import { read } from "../config/support.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("labels that would make Wakegate ask somebody else", () => {
  const refused = async (label: string, value: string): Promise<readonly string[]> => {
    const reading = await read("blog", { "wakegate.enable": "true", [label]: value });
    return reading.kind === "invalid" ? reading.problems.map(({ key }) => key) : [];
  };

  it("name a URL where an address belongs, or a host within a path: refused by name", async () => {
    for (const [label, value] of [
      ["wakegate.url", "http://10.0.0.1/"],
      ["wakegate.address", "http://10.0.0.1/"],
      ["wakegate.address", "user@10.0.0.1"],
      ["wakegate.address", "10.0.0.1/admin"],
      ["wakegate.address", "unix:/var/run/docker.sock"],
      ["wakegate.readiness.path", "http://evil.example/"],
      ["wakegate.readiness.path", "//evil.example/"],
      ["wakegate.readiness.path", "/x HTTP/1.1\r\nHost: evil"],
      ["wakegate.readiness.host", "a\r\nX-Injected: 1"],
      ["wakegate.busy_check.http.path", "//evil.example/"],
      ["wakegate.busy_check.exec", "rm -rf /"],
    ] as const) {
      expect([label, value, (await refused(label, value)).length > 0]).toEqual([label, value, true]);
    }
  });

  it("lead to the machine's own neighbourhood of secrets: link-local addresses belong to nobody's app", async () => {
    for (const address of [
      "169.254.169.254",
      "169.254.169.254:80",
      "[fe80::1]:80",
      "[fd00:ec2::254]",
      "[::ffff:169.254.169.254]:80",
      "metadata.google.internal",
    ]) {
      expect([address, await refused("wakegate.address", address)]).toEqual([address, ["wakegate.address"]]);
    }
    for (const address of ["10.0.0.7", "nas.lan:8080", "127.0.0.1:3000", "[fd00::7]:80"]) {
      expect([address, await refused("wakegate.address", address)]).toEqual([address, []]);
    }
  });

  it("ask for listeners that are not theirs to have", async () => {
    expect(await refused("wakegate.tcp", "22:22")).toEqual(["wakegate.tcp"]);
    expect(await refused("wakegate.udp", "53:53")).toEqual(["wakegate.udp"]);
  });
});

describe("a folder of templates", () => {
  it("replaces the page's own files, and leads to no others", async () => {
    await using folder = await tempFolder("templates");
    const secret = join(folder.path, "secret.eta");
    await writeFile(secret, "the secret");
    const own = join(folder.path, "own");
    await mkdir(own);
    for (const include of ["../secret", "../secret.eta", secret, "@../secret", "/etc/passwd"]) {
      await writeFile(join(own, "step.eta"), `<%~ include(${JSON.stringify(include)}, it) %>`);
      const templates = loadTemplates(own);
      let drawn = "";
      try {
        drawn = templates.draw({ steps: [] });
      } catch {
        // Nothing is there under that name.
      }
      expect(drawn).not.toMatch(/the secret|root:/);
    }
  });

  it("is read by the page's names alone: what else lies or is linked there is not looked at", async () => {
    await using folder = await tempFolder("templates");
    await writeFile(join(folder.path, "dashboard.eta"), "<%= process.env.PATH %>");
    await symlink("/etc/passwd", join(folder.path, "passwd.eta"));
    const problems: string[] = [];
    expect(loadTemplates(folder.path, ({ message }) => problems.push(message)).overridden).toEqual([]);
    expect(problems).toEqual([]);
  });
});
