import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let made: { readonly key: Buffer; readonly cert: Buffer } | undefined;

/** A certificate that nobody signed, as Traefik's default one. Needs openssl. */
export function selfSigned(): { readonly key: Buffer; readonly cert: Buffer } {
  if (made) return made;
  const dir = mkdtempSync(join(tmpdir(), "wakegate-cert-"));
  try {
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    const args = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
    ];
    execFileSync("openssl", [...args, "-subj", "/CN=TRAEFIK DOUBLE CERT", "-keyout", key, "-out", cert], {
      stdio: "ignore",
    });
    made = { key: readFileSync(key), cert: readFileSync(cert) };
    return made;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
