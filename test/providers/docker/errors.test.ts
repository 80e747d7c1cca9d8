import { describe, expect, test } from "vitest";
import { translate } from "../../../src/providers/docker/errors.ts";

const address = { kind: "unix", path: "/var/run/docker.sock", text: "unix:///var/run/docker.sock" } as const;

function failed(code: string, message = "it failed"): Error {
  return Object.assign(new Error(message), { code });
}

describe("translate()", () => {
  test("names the line that mends a lack of rights on the socket", () => {
    const error = translate(failed("EACCES", "connect EACCES"), "local", address, "version");
    expect(error.code).toBe("engine_forbidden");
    expect(error.message).toMatchInlineSnapshot(
      `"engine local: no right to open unix:///var/run/docker.sock: give Wakegate the socket's group (Compose: group_add: ["<number that stat -c %g prints for the socket>"]; without a container: run it as a user of the group docker), or use a socket proxy"`,
    );
  });

  test("says what is wrong with TLS, and what to do", () => {
    const told = (code: string): string => translate(failed(code), "nas", address, "version").message;
    expect(told("DEPTH_ZERO_SELF_SIGNED_CERT")).toContain("give the CA that signed it");
    expect(told("UNABLE_TO_VERIFY_LEAF_SIGNATURE")).toContain("give the CA that signed it");
    expect(told("ERR_TLS_CERT_ALTNAME_INVALID")).toContain("is for another name");
    expect(told("CERT_HAS_EXPIRED")).toContain("has expired");
    expect(told("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED")).toContain("tls cert and key files");
    expect(told("EPROTO")).toContain("does not speak TLS");
  });

  test("keeps the original as its cause", () => {
    const cause = failed("ECONNREFUSED");
    expect(translate(cause, "local", address, "list")).toMatchObject({ code: "engine_unreachable", cause });
    expect(translate("a string", "local", address, "list")).toMatchObject({ code: "engine_failed" });
    expect(translate(undefined, "local", address, "list")).toMatchObject({ code: "engine_failed" });
  });
});
