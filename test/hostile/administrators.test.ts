import { chmod, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { operations } from "../../src/admin/api/operations.ts";
import { adminRig } from "../admin/admin-rig.ts";
import { freePort } from "../support/free-port.ts";
import { startProxy, type RunningProxy } from "../support/proxy-process.ts";
import { findBinary, suite } from "../support/require.ts";
import { tempFolder } from "../support/temp-folder.ts";

const LOOPBACK = "127.0.0.1";
const KNOWN = "wkg_a-token-that-others-have-read-already-0000";

/** nginx as most people write it: `proxy_pass` and nothing else, so Wakegate sees loopback and its own address. */
async function plainNginx(upstream: string): Promise<RunningProxy> {
  const folder = await tempFolder("nginx");
  const port = await freePort();
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path temp/${kind};`,
  );
  await mkdir(join(folder.path, "temp"));
  await writeFile(
    join(folder.path, "nginx.conf"),
    `daemon off; pid nginx.pid; error_log stderr;${process.getuid?.() === 0 ? " user root;" : ""}
events {}
http {
  access_log off; ${temp.join(" ")}
  server { listen ${LOOPBACK}:${String(port)}; location / { proxy_pass ${upstream}; } }
}
`,
  );
  return startProxy({
    program: findBinary("nginx") ?? "nginx",
    args: ["-p", folder.path, "-c", join(folder.path, "nginx.conf"), "-e", "stderr"],
    port,
    owns: folder,
  });
}

suite("nginx", "a visitor behind a proxy on this host that adds no header", () => {
  it("is no administrator: API and dashboard answer 401, and nothing wakes", async () => {
    await using rig = await adminRig();
    await using nginx = await plainNginx(rig.url);
    for (const { method, path } of operations) {
      const url = `${nginx.url}/api/v1${path.replace("{name}", "blog").replace("{id}", "x")}`;
      const headers = { "content-type": "application/json", "x-wakegate-request": "1" };
      const reply = await fetch(url, {
        method: method.toUpperCase(),
        headers,
        ...(method === "post" && { body: "{}" }),
      });
      expect([method, path, reply.status]).toEqual([method, path, 401]);
    }
    for (const path of ["/ui/", "/ui/target/blog", "/ui/events", "/ui/doctor"]) {
      const reply = await fetch(nginx.url + path);
      expect([path, reply.status, (await reply.text()).includes("blog")]).toEqual([path, 401, false]);
    }
    expect(rig.world.calls).toEqual([]);
    const authorization = `Bearer ${rig.token}`;
    expect((await fetch(`${nginx.url}/api/v1/targets`, { headers: { authorization } })).status).toBe(200);
  });

  it("reads no metrics where they need a token", async () => {
    await using rig = await adminRig({ env: { WAKEGATE_API_METRICS: "token" } });
    await using nginx = await plainNginx(rig.url);
    expect((await fetch(`${nginx.url}/metrics`)).status).toBe(401);
  });
});

describe("the token of this installation", () => {
  const withFile = (put: (path: string) => Promise<unknown>): ReturnType<typeof adminRig> =>
    adminRig({ before: (stateDir) => put(join(stateDir, "local-token")).then(() => undefined) });

  it("is replaced when others could read or write its file", async () => {
    for (const mode of [0o644, 0o640, 0o622, 0o604]) {
      await using rig = await withFile(async (path) => {
        await writeFile(path, `${KNOWN}\n`);
        await chmod(path, mode);
      });
      const headers = { authorization: `Bearer ${KNOWN}` };
      expect([mode, (await rig.anonymous.call("/targets", { headers })).status]).toEqual([mode, 401]);
      expect((await stat(join(rig.stateDir, "local-token"))).mode & 0o777).toBe(0o600);
      expect((await rig.call("/targets")).status).toBe(200);
      expect(rig.log.lines.map(({ event }) => event)).toContain("local_token_replaced");
      expect(JSON.stringify(rig.log.lines)).not.toContain(KNOWN);
    }
  });

  it("is never read through a link", async () => {
    await using elsewhere = await tempFolder("elsewhere");
    const theirs = join(elsewhere.path, "token");
    await writeFile(theirs, KNOWN, { mode: 0o600 });
    await using rig = await withFile((path) => symlink(theirs, path));
    const headers = { authorization: `Bearer ${KNOWN}` };
    expect((await rig.anonymous.call("/targets", { headers })).status).toBe(401);
    expect(await readFile(theirs, "utf8")).toBe(KNOWN);
  });

  it("is replaced when the file is empty, too short, or of a token that may only read", async () => {
    for (const content of ["", "\n", "short", `read:${KNOWN}`]) {
      await using rig = await withFile((path) => writeFile(path, content, { mode: 0o600 }));
      expect(rig.token).toMatch(/^wkg_[\w-]{43}$/);
      expect((await rig.call("/targets")).status).toBe(200);
      const headers = { authorization: `Bearer ${content.trim()}` };
      expect((await rig.anonymous.call("/targets", { headers })).status).toBe(401);
    }
  });

  it("opens nothing when it cannot be kept, and says so", async () => {
    await using rig = await withFile((path) => mkdir(join(path, "in-the-way"), { recursive: true }));
    for (const headers of [{}, { authorization: "Bearer " }, { authorization: "Bearer undefined" }])
      expect((await rig.anonymous.call("/targets", { headers })).status).toBe(401);
    expect(rig.log.lines.map(({ event }) => event)).toContain("local_token_unusable");
  });
});
