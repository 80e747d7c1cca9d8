import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hashToken } from "../../src/config/schema/api.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { adminRig } from "./admin-rig.ts";

const TOKEN = "correct-horse-battery-staple";

describe("access to the API", () => {
  it("trusts nobody for an address: a loopback caller needs a token, too", async () => {
    await using rig = await adminRig();
    for (const headers of [{}, { host: "localhost:9190" }, { host: "evil.example.com" }]) {
      const reply = await rig.anonymous.call("/targets", { headers });
      expect([headers, reply.status, reply.json["error"]]).toEqual([headers, 401, "no_token"]);
    }
    expect((await rig.anonymous.call("/targets/blog/wake", { json: {} })).status).toBe(401);
    expect(rig.world.calls).toEqual([]);
  });

  it("accepts the token of this installation from any peer, and names it in pins", async () => {
    await using rig = await adminRig({ env: { WAKEGATE_API_TOKEN: TOKEN } });
    const file = join(rig.stateDir, "local-token");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const token = (await readFile(file, "utf8")).trim();
    expect(token).toMatch(/^wkg_[\w-]{43}$/);
    const pinned = await rig.anonymous.call("/targets/blog/pin", { json: {}, ...bearer(token) });
    expect(pinned.json).toMatchObject({ pin: { by: "this host" } });
  });

  it("keeps the token of this installation over a restart", async () => {
    await using temp = await tempFolder("tokens");
    const env = { WAKEGATE_STATE_DIR: temp.path };
    const first = await adminRig({ env });
    const { token } = first;
    await first[Symbol.asyncDispose]();
    await using again = await adminRig({ env });
    expect(again.token).toBe(token);
    expect((await again.call("/targets")).status).toBe(200);
  });

  it("with a token asks everybody for it", async () => {
    await using rig = await adminRig({ env: { WAKEGATE_API_TOKEN: TOKEN } });
    const none = await rig.anonymous.call("/targets");
    expect(none.status).toBe(401);
    expect(none.headers["www-authenticate"]).toContain("Bearer");
    expect((await rig.call("/targets", bearer("wrong-token-of-some-length"))).json).toMatchObject({
      error: "wrong_token",
    });
    expect((await rig.call("/targets", bearer(TOKEN))).status).toBe(200);
    expect((await rig.call("/targets/blog/wake", { json: {}, ...bearer(TOKEN) })).status).toBe(202);
  });

  it("lets a read-only token read and nothing else", async () => {
    await using rig = await adminRig({ env: { WAKEGATE_API_TOKENS: `read:sha256:${hashToken(TOKEN)}` } });
    expect((await rig.call("/targets", bearer(TOKEN))).status).toBe(200);
    const refused = await rig.call("/targets/blog/wake", { json: {}, ...bearer(TOKEN) });
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({ error: "read_only" });
    expect((await rig.call("/debug", bearer(TOKEN))).status).toBe(403);
    expect(rig.world.calls).toEqual([]);
  });

  it("refuses what another site's page could send", async () => {
    await using rig = await adminRig();
    const wake = (headers: Record<string, string>): Promise<{ status: number }> =>
      rig.call("/targets/blog/wake", { method: "POST", body: "{}", headers });
    const form = "application/x-www-form-urlencoded";
    expect((await wake({ "content-type": form })).status).toBe(403);
    expect((await wake({ "content-type": "text/plain" })).status).toBe(403);
    const json = { "content-type": "application/json" };
    expect((await wake({ ...json, origin: "https://evil.example.com" })).status).toBe(403);
    expect((await wake({ ...json, "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect(rig.world.calls).toEqual([]);
    expect((await wake({ ...json, origin: rig.url })).status).toBe(202);
    expect((await rig.get("/api/v1/targets/blog/wake")).status).toBe(404);
  });

  it("reads tokens from a file, and a broken file lets nobody in", async () => {
    await using temp = await tempFolder("tokens");
    const folder = temp.path;
    const file = join(folder, "tokens");
    await writeFile(file, `# ours\n${TOKEN}\nread:sha256:${hashToken("another-token-to-read")}\n`);
    await using rig = await adminRig({ env: { WAKEGATE_API_TOKEN_FILE: file } });
    expect((await rig.call("/targets", bearer(TOKEN))).status).toBe(200);
    expect((await rig.call("/targets", bearer("another-token-to-read"))).status).toBe(200);
    await using shut = await adminRig({ env: { WAKEGATE_API_TOKEN_FILE: join(folder, "none") } });
    expect((await shut.anonymous.call("/targets")).status).toBe(401);
    expect((await shut.anonymous.call("/targets", bearer(TOKEN))).status).toBe(401);
  });

  it("accepts the token that the image used to print, and writes none into the log", async () => {
    await using temp = await tempFolder("tokens");
    const folder = temp.path;
    const env = { WAKEGATE_IMAGE: "1", WAKEGATE_STATE_DIR: folder };
    await writeFile(join(folder, "api-token.sha256"), `sha256:${hashToken(TOKEN)}\n`);
    await using rig = await adminRig({ env });
    expect((await rig.anonymous.call("/targets", bearer(TOKEN))).status).toBe(200);
    expect((await rig.anonymous.call("/targets")).status).toBe(401);
    expect(JSON.stringify(rig.log.lines)).not.toContain(rig.token);
    // Whoever configured a token of his own gave up the printed one.
    const own = "another-token-of-mine";
    await using other = await adminRig({ env: { ...env, WAKEGATE_API_TOKEN: own } });
    expect((await other.anonymous.call("/targets", bearer(TOKEN))).status).toBe(401);
    expect((await other.anonymous.call("/targets", bearer(own))).status).toBe(200);
  });

  it("believes the user that a trusted proxy names, and nobody else", async () => {
    const env = { WAKEGATE_API_USER_HEADER: "Remote-User", WAKEGATE_API_ADMINS: "ada" };
    await using rig = await adminRig({ env: { ...env, WAKEGATE_TRUSTED_PROXIES: "loopback" } });
    const as = (user: string): { headers: Record<string, string> } => ({
      headers: { "remote-user": user, host: "wakegate.example.com" },
    });
    expect((await rig.anonymous.call("/targets", as("bob"))).status).toBe(200);
    expect((await rig.anonymous.call("/targets/blog/wake", { json: {}, ...as("bob") })).status).toBe(403);
    expect((await rig.anonymous.call("/targets/blog/wake", { json: {}, ...as("ada") })).status).toBe(202);
    await using other = await adminRig({ env: { ...env, WAKEGATE_TRUSTED_PROXIES: "192.0.2.1" } });
    expect((await other.anonymous.call("/targets", as("ada"))).status).toBe(401);
    await expect(adminRig({ env })).rejects.toThrow("trusted_proxies");
  });
});

function bearer(token: string): { headers: Record<string, string> } {
  return { headers: { authorization: `Bearer ${token}` } };
}
