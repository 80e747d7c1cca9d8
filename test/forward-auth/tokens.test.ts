import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadOrCreateKey } from "../../src/forward-auth/token-key.ts";
import { createTokenSigner } from "../../src/forward-auth/tokens.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const KEY = new Uint8Array(32).fill(1);

describe("createTokenSigner()", () => {
  it("gives back what was signed until it expires", async () => {
    const clock = new VirtualClock();
    const signer = createTokenSigner(KEY, clock, 60_000);
    const claims = { target: "blog", mayWake: true, returnTo: "https://blog.example.com/a?b" };
    const token = signer.issue(claims);
    expect(signer.verify(token)).toEqual({ kind: "valid", claims });
    await clock.advance(61_000);
    expect(signer.verify(token)).toEqual({ kind: "expired", claims });
  });

  it("refuses every token that differs in a bit, and those of another key", () => {
    const signer = createTokenSigner(KEY, new VirtualClock());
    const bytes = Buffer.from(signer.issue({ target: "blog", mayWake: false }), "base64url");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), (bit) => {
        const forged = Buffer.from(bytes);
        forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(signer.verify(forged.toString("base64url")).kind).toBe("invalid");
      }),
    );
    const other = createTokenSigner(new Uint8Array(32), new VirtualClock());
    expect(other.verify(bytes.toString("base64url")).kind).toBe("invalid");
  });

  it("never throws", () => {
    const signer = createTokenSigner(KEY, new VirtualClock());
    expect(signer.verify(undefined).kind).toBe("invalid");
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(signer.verify(text).kind).toBe("invalid");
      }),
    );
  });

  it("leaves out a place to return to that no URL could carry", () => {
    const signer = createTokenSigner(KEY, new VirtualClock());
    const token = signer.issue({ target: "blog", mayWake: true, returnTo: `/${"x".repeat(5000)}` });
    expect(signer.verify(token)).toEqual({ kind: "valid", claims: { target: "blog", mayWake: true } });
  });
});

describe("loadOrCreateKey()", () => {
  it("makes one key, for the owner alone, and finds it again", async () => {
    const parent = await mkdtemp(join(tmpdir(), "wakegate-key-"));
    const folder = join(parent, "state");
    try {
      const keys = await Promise.all([
        loadOrCreateKey(folder),
        loadOrCreateKey(folder),
        loadOrCreateKey(folder),
      ]);
      const stored = await readFile(join(folder, "page-token.key"));
      for (const key of keys) expect(Buffer.compare(key, stored)).toBe(0);
      expect((await stat(join(folder, "page-token.key"))).mode & 0o777).toBe(0o600);
      expect(await readdir(folder)).toEqual(["page-token.key"]);
      await writeFile(join(folder, "page-token.key"), "short");
      const fresh = await loadOrCreateKey(folder);
      expect(fresh.length).toBe(32);
      expect(Buffer.compare(fresh, await loadOrCreateKey(folder))).toBe(0);
    } finally {
      await rm(parent, { recursive: true });
    }
  });

  it("says which folder cannot be written", async () => {
    const parent = await mkdtemp(join(tmpdir(), "wakegate-key-"));
    try {
      await writeFile(join(parent, "file"), "");
      const work = loadOrCreateKey(join(parent, "file", "state"));
      await expect(work).rejects.toMatchObject({ code: "state_unwritable" });
      await expect(work).rejects.toThrow(join(parent, "file", "state"));
    } finally {
      await rm(parent, { recursive: true });
    }
  });
});
