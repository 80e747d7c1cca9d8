import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { parseJsonPath } from "../../src/config/values/json-path.ts";
import { parseTimeWindows } from "../../src/config/values/time-window.ts";
import { judgeAnswer, lookAtBusyCheck } from "../../src/watchers/activity/busy-check.ts";
import { lookAtCaddy } from "../../src/watchers/activity/caddy-look.ts";
import { ignores } from "../../src/watchers/activity/ignored-peers.ts";
import { learnNoise } from "../../src/watchers/activity/noise.ts";
import { parseTcp } from "../../src/watchers/activity/proc-net.ts";
import { dayTime, span } from "../../src/watchers/say.ts";
import { systemClock } from "../../src/lib/clock.ts";

const never = new AbortController().signal;
let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** A server that answers everything alike; `seen` collects what it was asked. */
async function answering(status: number, body: string, seen: string[] = []): Promise<string> {
  server = createServer((request, response) => {
    seen.push(`${request.method ?? ""} ${request.headers.host ?? ""}${request.url ?? ""}`);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

describe("parseTcp()", () => {
  it("reads both tables, mapped addresses and queues", () => {
    const v4 = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt
   0: 0100007F:9D9D 00000000:0000 0A 00000000:00000000 00:00000000 00000000
   1: 090012AC:0050 020012AC:D431 01 0000000A:00000002 00:00000000 00000000
   2: 090012AC:0050 020012AC:D432 06 00000000:00000000 00:00000000 00000000
   broken line`;
    const v6 = `  sl  local_address rem_address st
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 0000000000000000FFFF0000090012AC:1F90 0000000000000000FFFF0000030012AC:C000 01 00000000:00000000
   2: B80D0120000000000000000001000000:1F90 B80D0120000000000000000002000000:C001 01 00000000:00000000`;
    const { established, listening } = parseTcp(v4, v6);
    expect([...listening]).toEqual([8080]);
    expect(established).toMatchObject([
      {
        localAddress: "172.18.0.9",
        localPort: 80,
        remoteAddress: "172.18.0.2",
        remotePort: 54321,
        queued: 12,
      },
      { localPort: 8080, remoteAddress: "172.18.0.3", queued: 0 },
      { localPort: 8080, localAddress: "2001:db8::1", remoteAddress: "2001:db8::2" },
    ]);
  });
});

describe("ignores()", () => {
  it.each([
    ["sonarr", true],
    ["172.18.0.3", true],
    ["172.18.0.0/16", true],
    ["10.0.0.0/8", false],
    ["172.18.0.0/99", false],
    ["radarr", false],
  ])("%s: %s", (rule, expected) => {
    expect(ignores([rule], { name: "sonarr", address: "172.18.0.3", kind: "container" })).toBe(expected);
  });
});

describe("learnNoise()", () => {
  it("rises at once, falls slowly, and not above its cap", () => {
    const first = learnNoise(undefined, { bytesPerSecond: 40, proxied: 1 }, 1_000);
    expect(first).toEqual({ bytesPerSecond: 40, proxied: 1 });
    expect(learnNoise(first, { bytesPerSecond: 0 }, 1_000)).toEqual({ bytesPerSecond: 32, proxied: 1 });
    expect(learnNoise(first, { bytesPerSecond: 1_900 }, 1_000).bytesPerSecond).toBe(1_000);
  });
});

describe("a busy check", () => {
  const path = (text: string): readonly string[] => {
    const parsed = parseJsonPath(text);
    return parsed.ok ? parsed.value : [];
  };
  const json = (body: unknown) => ({ status: 200, body: JSON.stringify(body) });

  it.each([
    ["a list with items", "sessions", { sessions: [{}] }, "in-use"],
    ["an empty list", "sessions", { sessions: [] }, "quiet"],
    ["the length of a list", "$.queue.length", { queue: [] }, "quiet"],
    ["an item", "sessions[0].user", { sessions: [{ user: "anna" }] }, "in-use"],
    ["a value that is not there", "a.b.c", { a: 1 }, "quiet"],
    ["false", "busy", { busy: false }, "quiet"],
    ["a number", "jobs", { jobs: 3 }, "in-use"],
  ])("judges %s", (_, jsonPath, body, kind) => {
    expect(judgeAnswer({ path: "/", jsonPath: path(jsonPath) }, json(body)).kind).toBe(kind);
  });

  it("takes everything that is no clear answer as busy", () => {
    const jsonPath = path("jobs");
    expect(judgeAnswer({ path: "/", jsonPath }, { status: 401, body: "" })).toMatchObject({
      kind: "in-use",
      detail: "answered 401, which says neither yes nor no",
    });
    expect(judgeAnswer({ path: "/", jsonPath }, { status: 200, body: "<html>" }).kind).toBe("in-use");
  });

  it("matches bodies, and statuses alone", () => {
    expect(judgeAnswer({ path: "/", regex: '"Now\\w+"' }, json({ NowPlaying: 1 })).detail).toBe(
      'it said "NowPlaying"',
    );
    expect(judgeAnswer({ path: "/", regex: "x" }, json({})).kind).toBe("quiet");
    expect(judgeAnswer({ path: "/", statuses: [[204, 204]] }, { status: 200, body: "" }).kind).toBe("quiet");
    expect(judgeAnswer({ path: "/" }, { status: 200, body: "" }).kind).toBe("in-use");
  });

  const look = (base: string | undefined, more: object) =>
    lookAtBusyCheck(
      {
        spec: { timeoutMs: 30_000, ...more },
        base,
        host: "app.example.com",
        exec: () => Promise.resolve({ exitCode: 1, output: "nothing\n" }),
        clock: systemClock,
      },
      never,
    );

  it("asks the target's own address with its host name, and nothing else", async () => {
    const seen: string[] = [];
    const base = await answering(200, '{"n":0}', seen);
    expect((await look(base, { http: { path: "//other.example.com/x?a=b?c", jsonPath: ["n"] } })).kind).toBe(
      "quiet",
    );
    expect(seen).toEqual(["GET app.example.com//other.example.com/x?a=b?c"]);
  });

  it("is busy when nobody answers, in time or at all", async () => {
    expect((await look("http://127.0.0.1:1", { http: { path: "/" } })).detail).toContain(
      "could not be asked",
    );
    expect((await look(undefined, { http: { path: "/" } })).kind).toBe("in-use");
    server = createServer(() => undefined);
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const silent = { http: { path: "/" }, timeoutMs: 300 };
    expect((await look(`http://127.0.0.1:${String(port)}`, silent)).detail).toContain("300 ms");
  });

  it("takes the exit code of a command: 0 busy, 1 not, anything else busy", async () => {
    expect(await look(undefined, { exec: ["x"] })).toMatchObject({
      kind: "quiet",
      detail: "exit code 1, nothing",
    });
  });
});

describe("Caddy's word", () => {
  const ask = (admin: string) =>
    lookAtCaddy({ admin, names: new Set(["app", "172.18.0.9"]), port: 80, clock: systemClock }, never);

  it("counts the requests in flight to the target under each of its names", async () => {
    const admin = await answering(
      200,
      '[{"address":"app:80","num_requests":1,"fails":0},{"address":"172.18.0.9:80","num_requests":1,"fails":0},{"address":"app:81","num_requests":5,"fails":0},{"address":"wakegate:9190","num_requests":7}]',
    );
    expect(await ask(admin)).toMatchObject({ kind: "in-use", numbers: { inFlight: 2 } });
  });

  it.each([
    [200, '[{"address":"app:80","num_requests":0}]', "quiet"],
    [200, "[]", "blind"],
    [200, "{}", "blind"],
    [403, "", "blind"],
  ])("answers %i %s: %s", async (status, body, kind) => {
    expect((await ask(await answering(status, body))).kind).toBe(kind);
  });
});

describe("words", () => {
  it("say spans and moments shortly", () => {
    expect([4_000, 240_000, 4_140_000, 234_000_000].map(span)).toEqual([
      "4 s",
      "4 min",
      "1 h 9 min",
      "2 d 17 h",
    ]);
    const now = Date.UTC(2026, 10, 22, 12);
    expect(dayTime(now + 3_600_000, now, "UTC")).toBe("13:00");
    expect(dayTime(now + 86_400_000, now, "UTC")).toBe("Mon 12:00");
    expect(dayTime(now + 20 * 86_400_000, now, "UTC")).toBe("12 Dec 12:00");
  });

  it.each([
    ["mon-fri 8:00-18:00", "Mon to Fri, 08:00 to 18:00"],
    ["Sat,Sun", "Sat, Sun"],
    ["22:00-06:00", "22:00 to 06:00"],
    ["Fri-Mon 0:00-24:00", "Mon, Fri, Sat, Sun"],
    ["00:00-24:00", "every day"],
  ])("read %s as %s", (written, text) => {
    expect(parseTimeWindows(written)).toMatchObject({ ok: true, value: [{ text }] });
  });

  it.each(["", "Mon-", "25:00-26:00", "24:00-03:00", "Xyz 08:00-09:00", "08:00", "Mon 08:60-09:00"])(
    "refuse %j as a window",
    (written) => {
      expect(parseTimeWindows(written).ok).toBe(false);
    },
  );
});
