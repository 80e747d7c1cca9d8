import * as z from "zod";
import { parseFingerprint, parseTokenId, parseUserId } from "../values/proxmox.ts";
import { bad, good } from "../values/parsed.ts";
import { parseProxmoxUrl } from "../values/urls.ts";
import { insideKey } from "./machine.ts";
import { key, text } from "./text.ts";

const file = text(
  (written) => (written.trim() === "" ? bad("expected a file") : good(written.trim())),
  "a file",
);
const variable = text(
  (written) =>
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(written.trim())
      ? good(written.trim())
      : bad("expected the name of a variable, such as PVE_TOKEN_SECRET"),
  "the name of a variable",
);
/** Says nothing of what was written: problems are printed. */
const secret = text(
  (written) => (written.trim() === "" ? bad("expected the secret") : good(written.trim())),
  "text",
  { wrongType: () => "" },
);

/** One Proxmox VE cluster: `providers.proxmox.<name>`. */
export const proxmoxEngineSchema = z.strictObject({
  url: text(parseProxmoxUrl, "a URL such as https://pve1.lan:8006").meta({
    description: "Any node of the cluster. The port is 8006 unless the URL says another.",
    examples: ["https://pve1.lan:8006"],
  }),
  token_id: key(text(parseTokenId, "user@realm!name"), {
    description: "API token that Wakegate acts by.",
    examples: ["wakegate@pve!power"],
  }),
  token_secret: key(secret, { description: "The token's secret. Better kept in a file of its own." }),
  token_secret_file: key(file, {
    description: "File that holds the token's secret. Relative to the file's folder.",
    examples: ["/run/secrets/pve-token"],
  }),
  token_secret_env: key(variable, {
    description: "Variable that holds the token's secret.",
    defaultText: "`WAKEGATE_PROXMOX_<NAME>_TOKEN_SECRET`, where it is set",
    examples: ["PVE_TOKEN_SECRET"],
  }),
  user: key(text(parseUserId, "user@realm"), {
    description: "User to log in as, in place of a token. Second factors are not supported.",
    examples: ["wakegate@pve"],
  }),
  password: key(secret, { description: "The user's password. Better kept in a file of its own." }),
  password_file: key(file, {
    description: "File that holds the user's password. Relative to the file's folder.",
    examples: ["/run/secrets/pve-password"],
  }),
  password_env: key(variable, {
    description: "Variable that holds the user's password.",
    defaultText: "`WAKEGATE_PROXMOX_<NAME>_PASSWORD`, where it is set",
    examples: ["PVE_PASSWORD"],
  }),
  ca_file: key(file, {
    description:
      "Certificate authority of the cluster, PEM: /etc/pve/pve-root-ca.pem on any node. Relative to the file's folder.",
    defaultText: "the public authorities",
    examples: ["./pve-root-ca.pem"],
  }),
  fingerprint: key(text(parseFingerprint, "a SHA-256 fingerprint"), {
    description:
      "SHA-256 fingerprint of the node's certificate, in place of `ca_file`. Goes stale when the certificate is renewed.",
    examples: [
      "CE:2C:C0:92:77:87:E6:2B:0C:B5:22:FB:61:04:0B:32:F0:AC:C1:B7:93:AB:BE:72:3A:3C:75:B3:0B:98:8C:AE",
    ],
  }),
  discover: key(z.boolean(), {
    description: "Guests that are tagged `wakegate`, or whose notes say so, become targets.",
    default: true,
  }),
  inside: insideKey("its guests count as"),
});

/** One cluster as the file says it. */
export type ProxmoxEngineLayer = z.output<typeof proxmoxEngineSchema>;
