import { describe, expect, it } from "vitest";
import type { DirectoryEntry } from "../../src/watchers/handle.ts";
import { addCaddyRoutes } from "../../src/http/caddy-routes.ts";
import type { CertificateAnswer } from "../../src/forward-auth/certificate-question.ts";
import type { ForwardAuthSettings } from "../../src/forward-auth/forward-auth.ts";
import { entryOf, FakeDirectory, FakeTarget, route, targetSpec } from "../support/fake-target.ts";
import { RecordingLog } from "../support/recording-log.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { fetchRaw, startRig, type Reply, type Rig } from "./rig.ts";

interface House extends AsyncDisposable {
  readonly rig: Rig;
  readonly directory: FakeDirectory;
  readonly clock: VirtualClock;
  readonly log: RecordingLog;
  readonly counted: readonly CertificateAnswer[];
  /** The answer to a query, as `domain=blog.example.com`. */
  ask(query: string, signal?: AbortSignal): Promise<Reply>;
  status(query: string): Promise<number>;
}

const lost = (name: string, host: string): DirectoryEntry => ({
  name,
  routes: [route(host)],
  unavailable: "its container does not exist any more",
  lost: true,
});

const GONE = { text: "{host} was merged.", footer: true };

/** blog and the wildcard of shop sleep; old had its container removed; a rule has *.preview.example.com. */
async function house(settings: Partial<ForwardAuthSettings> = {}, settled = true): Promise<House> {
  const directory = new FakeDirectory();
  directory.settled = settled;
  directory.set([
    entryOf(new FakeTarget(targetSpec("blog", { routes: [route("blog.example.com/posts")] }))),
    entryOf(new FakeTarget(targetSpec("shop", { routes: [route("*.shop.example.com")] }))),
    entryOf(new FakeTarget(targetSpec("pr-7", { routes: [route("pr-7.preview.example.com")] }))),
    entryOf(new FakeTarget(targetSpec("munich", { routes: [route("xn--mnchen-3ya.example.com")] }))),
    entryOf(new FakeTarget(targetSpec("router", { routes: [route("192.168.1.5")] }))),
    { name: "broken", routes: [route("broken.example.com")], unavailable: "its labels are wrong" },
    lost("old", "old.example.com"),
    { name: "discover[0]", routes: [route("*.preview.example.com")], gone: GONE },
  ]);
  const counted: CertificateAnswer[] = [];
  const clock = new VirtualClock();
  const log = new RecordingLog();
  const rig: Rig = await startRig(directory, {
    settings,
    clock,
    routes: (router) => {
      addCaddyRoutes(router, {
        ask: (url, peer, res) => rig.forwardAuth.certificate(url, peer, res),
        count: (answer) => counted.push(answer),
        log,
        clock,
      });
    },
  });
  const ask = (query: string, signal?: AbortSignal): Promise<Reply> =>
    fetchRaw(rig.internal, `/api/caddy/ask?${query}`, signal && { signal });
  return {
    rig,
    directory,
    clock,
    log,
    counted,
    ask,
    status: async (query) => (await ask(query)).status,
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

/** After a start: no engine was listed yet, kept is known from before. */
async function starting(): Promise<House> {
  const the = await house({}, false);
  the.directory.set([
    { name: "kept", routes: [route("kept.example.com")], unavailable: "not listed yet" },
    { name: "discover[0]", routes: [route("*.preview.example.com")], gone: GONE },
  ]);
  return the;
}

/** So many questions wait. */
async function held({ rig }: House, count: number): Promise<void> {
  await expect.poll(() => rig.forwardAuth.held).toBe(count);
}

describe("Caddy's question for a certificate", () => {
  it("is allowed for every host that leads to a container, asleep or with wrong labels", async () => {
    await using the = await house();
    for (const host of [
      "blog.example.com",
      "any.shop.example.com",
      "pr-7.preview.example.com",
      "broken.example.com",
    ]) {
      expect([host, await the.status(`domain=${host}`)]).toEqual([host, 200]);
    }
    expect(the.counted).toEqual(["allowed", "allowed", "allowed", "allowed"]);
    expect(the.log.lines).toEqual([]);
  });

  it("wakes nobody and is no use of anything", async () => {
    await using the = await house();
    await the.ask("domain=blog.example.com");
    const [blog] = the.directory.entries;
    const handle = blog?.handle as FakeTarget;
    expect([handle.wakes, handle.touches, handle.gate]).toEqual([[], [], { kind: "asleep" }]);
  });

  it("is refused for a host that nobody has, a vanished one's, and what only a rule's wildcard covers", async () => {
    await using the = await house();
    for (const host of [
      "evil.example.com",
      "a.b.shop.example.com",
      "shop.example.com",
      "old.example.com",
      "pr-8.preview.example.com",
    ]) {
      const reply = await the.ask(`domain=${host}`);
      expect([host, reply.status]).toEqual([host, 404]);
      expect(reply.body).toContain(host);
    }
    expect(the.counted).toEqual(["unknown", "unknown", "unknown", "gone", "gone"]);
  });

  it("waits for the engines' first listing where the host is not known from before", async () => {
    await using the = await starting();
    expect(await the.status("domain=kept.example.com")).toBe(200);
    const listed = the.status("domain=pr-7.preview.example.com");
    const never = the.status("domain=pr-8.preview.example.com");
    const made = the.status("domain=evil.example.com");
    await held(the, 3);
    const next = new FakeTarget(targetSpec("pr-7", { routes: [route("pr-7.preview.example.com")] }));
    the.directory.set([...the.directory.entries, entryOf(next)]);
    expect(await listed).toBe(200);
    await held(the, 2);
    the.directory.settle();
    expect([await never, await made]).toEqual([404, 404]);
    expect(the.counted).toEqual(["allowed", "allowed", "gone", "unknown"]);
  });

  it("waits so for five seconds at most, in the first minute alone, and not for who has left", async () => {
    await using the = await starting();
    const left = the.ask("domain=pr-6.preview.example.com", AbortSignal.timeout(200)).catch(() => "left");
    await held(the, 1);
    expect(await left).toBe("left");
    await held(the, 0);
    const late = the.ask("domain=pr-7.preview.example.com");
    await held(the, 1);
    await the.clock.advance(5_000);
    const { status, headers } = await late;
    expect([status, headers["retry-after"]]).toEqual([503, "1"]);
    await the.clock.advance(60_000);
    expect(await the.status("domain=pr-7.preview.example.com")).toBe(503);
  });

  it("is refused while a container is not there, and allowed while its engine is away", async () => {
    await using the = await house();
    const blog = the.directory.entries[0]?.handle as FakeTarget;
    blog.set({ kind: "missing", why: "gone", message: "" });
    expect(await the.status("domain=blog.example.com")).toBe(404);
    blog.set({ kind: "missing", why: "away", message: "" });
    expect(await the.status("domain=blog.example.com")).toBe(200);
    expect(the.counted).toEqual(["gone", "allowed"]);
  });

  it("follows containers that come and go", async () => {
    await using the = await house();
    const next = new FakeTarget(targetSpec("pr-8", { routes: [route("pr-8.preview.example.com")] }));
    expect(await the.status("domain=pr-8.preview.example.com")).toBe(404);
    const before = the.directory.entries;
    the.directory.set([...before, entryOf(next)]);
    expect(await the.status("domain=pr-8.preview.example.com")).toBe(200);
    the.directory.set(before);
    expect(await the.status("domain=pr-8.preview.example.com")).toBe(404);
  });

  it("reads a name as handshakes write it: any case, a dot at its end, punycode", async () => {
    await using the = await house();
    for (const name of ["BLOG.Example.COM", "blog.example.com.", "xn--mnchen-3ya.example.com"]) {
      expect([name, await the.status(`domain=${name}`)]).toEqual([name, 200]);
    }
    expect(await the.status("domain=m%C3%BCnchen.example.com")).toBe(404);
    expect(await the.status("x=1&domain=blog.example.com&y=2")).toBe(200);
  });

  it("gives no certificate for addresses, which is what Caddy asks for when a handshake has no name", async () => {
    await using the = await house();
    for (const address of ["192.168.1.5", "127.0.0.1", "::1", "[::1]", "fe80::1%25eth0"]) {
      expect([address, await the.status(`domain=${address}`)]).toEqual([address, 404]);
    }
  });

  it("takes nothing else for a domain", async () => {
    await using the = await house();
    for (const domain of [
      "blog.example.com:443",
      "blog.example.com/",
      "https://blog.example.com",
      "user@blog.example.com",
      "*.shop.example.com",
      ".blog.example.com",
      "blog..example.com",
      "blog.example.com..",
      "-a.shop.example.com",
      "a b.shop.example.com",
      "a%00.shop.example.com",
      "a%0d%0aX-Evil:1.shop.example.com",
      "blog.example.com%20",
      "blog%E3%80%82example.com",
      "__proto__",
      `${"a".repeat(64)}.shop.example.com`,
      `${"a.".repeat(130)}shop.example.com`,
    ]) {
      expect([domain, await the.status(`domain=${encodeURI(domain).replaceAll("%25", "%")}`)]).toEqual([
        domain,
        404,
      ]);
    }
  });

  it("is refused where no domain is meant, or more than one", async () => {
    await using the = await house();
    for (const query of [
      "",
      "domain=",
      "domain",
      "Domain=blog.example.com",
      "host=blog.example.com",
      "domain=blog.example.com&domain=blog.example.com",
      "domain=evil.example.com&domain=blog.example.com",
      "domain=blog.example.com&dom%61in=evil.example.com",
      `domain=${"a".repeat(3_000)}`,
      `x=${"&x=".repeat(50_000)}&domain=blog.example.com`,
    ]) {
      expect([query.slice(0, 80), await the.status(query)]).toEqual([query.slice(0, 80), 400]);
    }
    expect(new Set(the.counted)).toEqual(new Set(["malformed"]));
    expect((await fetchRaw(the.rig.internal, "/api/caddy/ask")).status).toBe(400);
  });

  it("is Caddy's own to ask: by the peer, whatever the headers say", async () => {
    await using the = await house({ trustedProxies: ["10.0.0.0/8"] });
    const headers = { "x-forwarded-for": "10.0.0.1", "x-real-ip": "10.0.0.1" };
    const reply = await fetchRaw(the.rig.internal, "/api/caddy/ask?domain=blog.example.com", { headers });
    expect(reply.status).toBe(403);
    expect(reply.body).toContain("trusted_proxies");
    expect(the.counted).toEqual(["untrusted"]);
    expect(the.log.lines).toMatchObject([{ level: "warn", event: "certificate_refused" }]);
  });

  it("is never an answer to forward-auth: an auth address set to it does not read as allow", async () => {
    await using the = await house();
    const reply = await the.rig.ask({ at: "/api/caddy/ask?domain=blog.example.com" });
    expect(reply.status).toBe(404);
    expect((await fetchRaw(the.rig.public, "/api/caddy/ask?domain=blog.example.com")).status).toBe(404);
    const post = { method: "POST" };
    expect((await fetchRaw(the.rig.internal, "/api/caddy/ask?domain=blog.example.com", post)).status).toBe(
      405,
    );
  });

  it("knows the host of public_url as Wakegate's own", async () => {
    await using the = await house({ publicUrl: "https://wake.example.com:8443/x" });
    expect(await the.status("domain=wake.example.com")).toBe(200);
  });

  it("is told once a minute for each kind of refusal, whatever scanners make up", async () => {
    await using the = await house();
    for (let i = 0; i < 50; i++) await the.ask(`domain=scan-${String(i)}.example.com`);
    await the.ask("domain=old.example.com");
    await the.clock.advance(60_000);
    await the.ask('domain="><script>');
    expect(the.log.of("certificate_refused")).toEqual([
      "no certificate: no target has the host scan-0.example.com",
      "no certificate: old.example.com belongs to no container any more",
      'no certificate: "\\"><script>" is no domain that targets can have (and 49 more like it)',
    ]);
    expect(the.counted.filter((answer) => answer === "unknown")).toHaveLength(51);
  });
});
