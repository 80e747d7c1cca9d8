import { describe, expect, it } from "vitest";
import { cli } from "../../src/cli/cli.ts";
import { recorder } from "./recorder.ts";

describe("wakegate", () => {
  it("shows help and version", async () => {
    const help = recorder();
    expect(await cli(["--help"], help)).toBe(0);
    expect(help.text()).toContain("serve");
    expect(help.text()).toContain("Exit codes");
    const version = recorder();
    expect(await cli(["--version"], version)).toBe(0);
    expect(version.text()).toMatch(/^\d+\.\d+\.\d+/);
    const one = recorder();
    expect(await cli(["help", "check"], one)).toBe(0);
    expect(one.text()).toContain("--no-engines");
    const same = recorder();
    expect(await cli(["check", "--help"], same)).toBe(0);
    expect(same.text()).toBe(one.text());
  });

  it("says 2 when it is called wrongly, with advice", async () => {
    const unknown = recorder();
    expect(await cli(["chekc"], unknown)).toBe(2);
    expect(unknown.text()).toContain('unknown command "chekc"; did you mean "check"?');
    expect(await cli([], recorder())).toBe(2);
    const option = recorder();
    expect(await cli(["check", "--confg", "x"], option)).toBe(2);
    expect(option.text()).toContain("--confg");
    expect(await cli(["schema", "extra"], recorder())).toBe(2);
    expect(await cli(["help", "nothing"], recorder())).toBe(2);
  });

  it("writes the JSON Schema", async () => {
    const output = recorder();
    expect(await cli(["schema"], output)).toBe(0);
    const schema: unknown = JSON.parse(output.text());
    expect(schema).toMatchObject({ $schema: "https://json-schema.org/draft/2020-12/schema", type: "object" });
  });

  it("uses colours only where they are wanted", async () => {
    const plain = recorder();
    await cli(["--help"], plain);
    expect(plain.text()).not.toContain("\u001b");
    const colored = recorder(true);
    await cli(["--help"], colored);
    expect(colored.text()).toContain("\u001b");
  });
});
