import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLabels } from "../../src/config/labels.ts";
import { loadSettings } from "../../src/config/load.ts";
import { LineDecoder } from "../../src/lib/ndjson.ts";
import { toChange } from "../../src/providers/docker/events.ts";
import { guestLabels } from "../../src/providers/proxmox/labels.ts";
import { readCurrent, readGuest } from "../../src/providers/proxmox/guest.ts";
import { liveAddresses, staticAddresses } from "../../src/providers/proxmox/network.ts";
import { missingRights, type Rights } from "../../src/providers/proxmox/rights.ts";
import { parseUpid } from "../../src/providers/proxmox/tasks.ts";
import { parseState } from "../../src/store/format.ts";
import { loadText, settingsOf } from "../config/support.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** Words that parsers look for, so that random input gets past their first question. */
const words = fc.constantFrom(
  "true",
  "0",
  "-1",
  "1e999",
  "15m",
  "a.example.com",
  "*.example.com/x",
  "__proto__",
  "constructor",
  "toString",
  "5432:5432",
  "127.0.0.1",
  "[::1]:80",
  "Host(`a`) && !PathPrefix(`/b`)",
  "Mon-Fri 08:00-18:00",
  "{{.Name}}",
  "${x}",
  "\u0000",
  "\u2028",
  "🦥",
);
const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), words);

describe("labels of strangers", () => {
  const name = fc.oneof(
    fc.constantFrom(
      "enable",
      "hosts",
      "name",
      "tcp",
      "udp",
      "port",
      "address",
      "idle_timeout",
      "depends_on",
      "preset",
      "schedule.awake",
      "busy_check.http.path",
      "busy_check.exec",
      "stream.names",
      "page.details",
      "url",
      "__proto__",
      "constructor.prototype",
      "traefik",
      "",
      ".",
      "a..b",
    ),
    text,
  );
  const label = fc.oneof(
    name.map((key) => `wakegate.${key}`),
    fc.constantFrom(
      "traefik.http.routers.a.rule",
      "traefik.http.services.a.loadbalancer.server.port",
      "traefik.enable",
      "caddy",
      "caddy_0.reverse_proxy",
      "com.docker.compose.project",
      "com.docker.compose.service",
      "com.docker.compose.depends_on",
      "com.docker.compose.oneoff",
    ),
    text,
  );

  it("make a target or a problem that names container and label, and nothing else", async () => {
    const settings = settingsOf(await loadText(""));
    fc.assert(
      fc.property(fc.array(fc.tuple(label, text), { maxLength: 8 }), text, (pairs, container) => {
        const labels = Object.fromEntries([["wakegate.enable", "true"], ...pairs]);
        const instance = {
          id: "1",
          name: container,
          createdAt: 0,
          image: "app",
          labels,
          status: "created",
          networks: [],
        } as const;
        const reading = readLabels(instance, "local", settings);
        if (reading.kind === "invalid") expect(reading.problems.length).toBeGreaterThan(0);
        if (reading.kind === "target") {
          for (const { host, prefix } of reading.spec.routes) expect(host + prefix).not.toMatch(/[\s<>"'\\]/);
          expect(reading.spec.source).toMatchObject({ kind: "docker", engine: "local" });
        }
        for (const problem of reading.problems) expect(problem.message.length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe("a configuration file of any content", () => {
  it("gives settings or problems that say where", async () => {
    await using folder = await tempFolder("fuzz");
    const file = join(folder.path, "wakegate.yaml");
    const line = fc.oneof(
      text,
      fc.constantFrom(
        "targets:",
        "  blog:",
        "    hosts: [a.example.com]",
        "    idle_timeout: 5",
        "listen: :0",
        "- x",
        "? y",
        "&a [*a]",
        "a: &a [x, x]",
        "b: [*a, *a]",
        "<<: *a",
        "!!js/function 'x'",
        "---",
        "...",
        "\t",
        "'",
        "__proto__: { a: 1 }",
        "defaults: { idle_timeout: 99999999999d }",
        "trusted_proxies: [10.0.0.0/99]",
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
        await writeFile(file, lines.join("\n"));
        const loaded = await loadSettings({ file, env: {}, socketExists: () => false });
        if ("problems" in loaded) {
          expect(loaded.problems.some(({ severity }) => severity === "error")).toBe(true);
          for (const { where } of loaded.problems) expect(where).not.toBe("");
        }
      }),
      { numRuns: 300 },
    );
  });

  it("cannot blow up by references to references", async () => {
    await using folder = await tempFolder("fuzz");
    const file = join(folder.path, "wakegate.yaml");
    const levels = Array.from({ length: 30 }, (_, n) =>
      n === 0
        ? "a0: &a0 [x, x]"
        : `a${String(n)}: &a${String(n)} [${Array(9)
            .fill(`*a${String(n - 1)}`)
            .join(", ")}]`,
    );
    await writeFile(file, levels.join("\n"));
    expect(await loadSettings({ file, env: {}, socketExists: () => false })).toHaveProperty("problems");
  });
});

describe("what stands in an engine's place", () => {
  const event = fc.record(
    {
      Type: fc.oneof(fc.constantFrom("container", "network"), fc.anything()),
      Action: fc.oneof(
        fc.constantFrom("start", "kill", "die", "toString", "health_status: x"),
        fc.anything(),
      ),
      Actor: fc.oneof(fc.record({ ID: fc.anything(), Attributes: fc.anything() }), fc.anything()),
    },
    { requiredKeys: [] },
  );

  it("sends events of any form: changes with an id, or nothing", () => {
    fc.assert(
      fc.property(fc.oneof(event, fc.jsonValue()), (value) => {
        const line = JSON.stringify(value, (_, part: unknown) =>
          typeof part === "bigint" ? Number(part) : part,
        );
        const change = toChange(line ?? "null");
        if (change)
          expect([typeof change.id, change.id === "", typeof change.cause]).toEqual([
            "string",
            false,
            "string",
          ]);
      }),
      { numRuns: 3_000 },
    );
  });

  it("cuts them anywhere, and sends bytes that are none: lines or an error of a known kind", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }), (chunks) => {
        const decoder = new LineDecoder(200);
        try {
          for (const line of chunks.flatMap((chunk) => decoder.push(chunk))) toChange(line);
        } catch (error) {
          expect(error instanceof SyntaxError || error instanceof RangeError).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("what stands in a Proxmox node's place", () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(
      fc.constantFrom(
        "vmid",
        "type",
        "node",
        "name",
        "tags",
        "status",
        "uptime",
        "qmpstatus",
        "lock",
        "ha",
        "pid",
        "cpu",
        "netin",
        "netout",
        "net0",
        "ipconfig0",
        "result",
        "ip-addresses",
        "inet",
        "template",
        "description",
      ),
      fc.oneof(fc.jsonValue(), fc.constantFrom("qemu", "lxc", "running", "paused", "100", "../../etc")),
    ),
  );

  it("answers with anything: it is read as far as it makes sense, and nothing throws", () => {
    fc.assert(
      fc.property(anything, text, (answer, other) => {
        const record = typeof answer === "object" && answer !== null && !Array.isArray(answer) ? answer : {};
        const guest = readGuest(record);
        if (guest) expect([typeof guest.vmid, /^[\w.-]+$/.test(guest.node)]).toEqual(["number", true]);
        readCurrent(answer);
        liveAddresses(answer);
        staticAddresses(record);
        parseUpid(other);
        guestLabels([other], other);
        missingRights(record as Rights, [100]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a state file of any content", () => {
  it("is read as far as it makes sense", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `{"version":1,"targets":{"a":${json}}}`),
        ),
        (file) => {
          expect(["good", "bad"]).toContain(parseState(file).kind);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
