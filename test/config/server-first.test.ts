import { describe, expect, it } from "vitest";
import { loadText, read } from "./support.ts";

const warnings = async (target: string): Promise<readonly string[]> => {
  const loaded = await loadText(`
targets:
  it: { process: { command: [x] }, ${target} }
`);
  if (!("settings" in loaded)) throw new Error(JSON.stringify(loaded.problems));
  return loaded.warnings.map(({ where, key, message }) => `${where} ${key}: ${message}`);
};

describe("a listener for a protocol in which the server speaks first", () => {
  it("is warned of where it waits for the client: they would wait for each other", async () => {
    expect(await warnings('tcp: ["2222:22"], stream: { wake_on: first_bytes }')).toEqual([
      "wakegate.yaml:3:73 targets.it.stream.wake_on: on port 22, where SSH is spoken, the server speaks first: clients would wait for ever. Write wake_on: connect",
    ]);
    for (const target of [
      'tcp: ["33060:3306"], stream: { wake_on: tls_hello }',
      'preset: mysql, port: 4000, tcp: ["5000:4000"], stream: { wake_on: first_bytes }',
      'port: 25, tcp: [{ listen: "0.0.0.0:2525" }], stream: { wake_on: first_bytes }',
      'tcp: [{ listen: "0.0.0.0:2121", port: 21 }], stream: { wake_on: first_bytes }',
    ]) {
      expect([target, await warnings(target)]).toEqual([
        target,
        [expect.stringContaining("the server speaks first")],
      ]);
    }
  });

  it("is warned of where it is to be told apart by TLS, with which none of these begins", async () => {
    expect(await warnings('tcp: ["3306:3306"], stream: { protocol: tls, names: [db.example.com] }')).toEqual([
      expect.stringContaining("targets.it.stream.protocol: on port 3306"),
    ]);
  });

  it("is not warned of with connect, nor where the client speaks first", async () => {
    for (const target of [
      'tcp: ["2222:22"]',
      'tcp: ["5432:5432"], stream: { wake_on: first_bytes }',
      'tcp: ["993:993"], stream: { protocol: tls, names: [mail.example.com] }',
    ]) {
      expect([target, await warnings(target)]).toEqual([target, []]);
    }
  });

  it("is warned of in labels too", async () => {
    const reading = await read("git", {
      "wakegate.enable": "true",
      "wakegate.tcp": "2222:22",
      "wakegate.stream.wake_on": "first_bytes",
    });
    expect(reading).toMatchObject({ kind: "target", problems: [{ key: "wakegate.stream.wake_on" }] });
  });
});
