import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RuleSpec } from "../../src/config/model/rules.ts";
import { judgeIntent, type Intent } from "../../src/forward-auth/intent.ts";
import type { RequestFacts } from "../../src/forward-auth/request-facts.ts";
import { compileRule, rulesOf } from "../../src/forward-auth/rules.ts";
import { targetSpec } from "../support/fake-target.ts";
import { requestFacts } from "./facts.ts";

function fits(match: RuleSpec["match"], facts: Partial<RequestFacts>): boolean {
  return compileRule({ name: "r", match, wakes: false, counts: false }).matches(requestFacts(facts));
}

function intent(facts: Partial<RequestFacts>, rules: readonly RuleSpec[]): Intent {
  return judgeIntent(requestFacts(facts), rulesOf(targetSpec("blog", { rules, presets: [] })));
}

describe("a rule's conditions", () => {
  it("match by method, path, user agent, client and header", () => {
    expect(fits({ methods: ["GET"] }, {})).toBe(true);
    expect(fits({ methods: ["PROPFIND"] }, {})).toBe(false);
    expect(fits({ paths: ["/api/*"] }, { path: "/api/a/b" })).toBe(true);
    expect(fits({ paths: ["/api/*"] }, { path: "/apis" })).toBe(false);
    expect(fits({ paths: ["/API/*"] }, { path: "/api/a" })).toBe(false);
    expect(fits({ userAgents: ["*mirall*"] }, { userAgent: "Mozilla/5.0 (Linux) Mirall/3.5" })).toBe(true);
    expect(fits({ userAgents: ["mirall*"] }, { userAgent: "x mirall" })).toBe(false);
    expect(fits({ userAgents: ["*"] }, {})).toBe(false);
    expect(fits({ clients: ["203.0.113.0/24"] }, {})).toBe(true);
    expect(fits({ clients: ["2001:db8::/32"] }, { client: "2001:db8::7" })).toBe(true);
    expect(fits({ clients: ["2001:db8::/32"] }, {})).toBe(false);
    expect(fits({ headers: { "x-from": "*Board*" } }, { headers: ["X-From", "my board 2"] })).toBe(true);
    expect(fits({ headers: { "x-from": "*board*" } }, { headers: ["X-Fram", "board"] })).toBe(false);
  });

  it("have to be met all", () => {
    const match = { methods: ["GET"], paths: ["/a"] };
    expect(fits(match, { path: "/a" })).toBe(true);
    expect(fits(match, { path: "/a", method: "POST" })).toBe(false);
    expect(fits({}, {})).toBe(false);
  });

  it("judge a very long user agent by its beginning, quickly", () => {
    const started = performance.now();
    expect(fits({ userAgents: ["*a*b*"] }, { userAgent: "a".repeat(200_000) + "b" })).toBe(false);
    expect(performance.now() - started).toBeLessThan(100);
  });
});

describe("judgeIntent()", () => {
  it("names the rule that took waking, else the first", () => {
    const counts: RuleSpec = { name: "quiet", match: { methods: ["GET"] }, wakes: true, counts: false };
    const wakes: RuleSpec = { name: "asleep", match: { paths: ["/"] }, wakes: false, counts: true };
    expect(intent({}, [counts])).toEqual({ wakes: true, counts: false, rule: "quiet" });
    expect(intent({}, [counts, wakes])).toEqual({ wakes: false, counts: false, rule: "asleep" });
    expect(intent({ method: "POST" }, [counts, wakes])).toEqual({
      wakes: false,
      counts: true,
      rule: "asleep",
    });
    expect(intent({ prefetch: true }, [])).toEqual({ wakes: false, counts: false, rule: "prefetch" });
  });

  const rule: fc.Arbitrary<RuleSpec> = fc.record({
    name: fc.constantFrom("a", "b", "c"),
    wakes: fc.boolean(),
    counts: fc.boolean(),
    match: fc.record(
      {
        methods: fc.subarray(["GET", "POST", "HEAD"]),
        paths: fc.subarray(["/", "/a*", "*b"]),
        userAgents: fc.subarray(["*bot*", "curl/*"]),
        clients: fc.subarray(["203.0.113.0/24", "::/0"]),
      },
      { requiredKeys: [] },
    ),
  });
  const facts = fc.record({
    method: fc.constantFrom("GET", "POST", "HEAD"),
    path: fc.constantFrom("/", "/a", "/ab", "/b"),
    userAgent: fc.constantFrom("a bot", "curl/8", undefined),
    client: fc.constantFrom("203.0.113.9", "198.51.100.1", "2001:db8::1"),
    prefetch: fc.boolean(),
  });

  it("only takes away, in whatever order the rules stand", () => {
    fc.assert(
      fc.property(facts, fc.array(rule, { maxLength: 5 }), rule, (asked, rules, more) => {
        const before = intent(asked, rules);
        const after = intent(asked, [...rules, more]);
        expect(after.wakes && !before.wakes).toBe(false);
        expect(after.counts && !before.counts).toBe(false);
        const turned = intent(asked, [more, ...rules].reverse());
        expect({ wakes: turned.wakes, counts: turned.counts }).toEqual({
          wakes: after.wakes,
          counts: after.counts,
        });
      }),
    );
  });

  it("compiles the rules of a spec once", () => {
    const spec = targetSpec("blog");
    expect(rulesOf(spec)).toBe(rulesOf(spec));
    expect(rulesOf(targetSpec("other")).at(-1)).toBe(rulesOf(spec).at(-1));
  });
});
