import {
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from "node:crypto";
import { isIP } from "node:net";

/** A certificate with its key, PEM. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
  /** SHA-256, capitals with colons, as Node and Proxmox write it. */
  readonly fingerprint: string;
}

/** The root of one cluster and what it signs: shaped as a Proxmox node's own certificates are. */
export interface Authority {
  readonly root: Issued;
  leaf(node: string): Issued;
}

const YEAR_MS = 365 * 86_400_000;

/** Makes a new root. Nothing but Node is needed: the certificates are put together byte by byte. */
export function makeAuthority(): Authority {
  const rootKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const rootName = name({ CN: "Proxmox Virtual Environment", OU: "8f2b0e52", O: "PVE Cluster Manager CA" });
  const isCa = extension("2.5.29.19", seq(bytes(0x01, Buffer.from([0xff]))), true);
  const root = issue(rootName, rootName, rootKey.publicKey, rootKey.privateKey, rootKey.privateKey, 10, [
    isCa,
  ]);
  return {
    root,
    leaf(node) {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const subject = name({ CN: `${node}.lan`, OU: "PVE Cluster Node", O: "Proxmox Virtual Environment" });
      const names = ["127.0.0.1", "::1", "localhost", node, `${node}.lan`].map(altName);
      const san = extension("2.5.29.17", seq(...names), false);
      return issue(subject, rootName, publicKey, privateKey, rootKey.privateKey, 2, [san]);
    },
  };
}

function issue(
  subject: Buffer,
  issuer: Buffer,
  publicKey: KeyObject,
  privateKey: KeyObject,
  signer: KeyObject,
  years: number,
  extensions: readonly Buffer[],
): Issued {
  const algorithm = seq(oid("1.2.840.10045.4.3.2"));
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(8)]);
  const validity = seq(time(Date.now() - 3_600_000), time(Date.now() + years * YEAR_MS));
  const body = seq(
    bytes(0xa0, bytes(0x02, Buffer.from([2]))),
    bytes(0x02, serial),
    algorithm,
    issuer,
    validity,
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    bytes(0xa3, seq(...extensions)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign("sha256", body, signer)]);
  const der = seq(body, algorithm, bytes(0x03, signature));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  const cert = `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  const fingerprint = new X509Certificate(cert).fingerprint256;
  return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), fingerprint };
}

function bytes(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function seq(...parts: readonly Buffer[]): Buffer {
  return bytes(0x30, ...parts);
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const encoded = rest.flatMap((part) => {
    const groups = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return bytes(0x06, Buffer.from([first * 40 + second, ...encoded]));
}

function name(parts: Readonly<Record<string, string>>): Buffer {
  const ids: Readonly<Record<string, string>> = { CN: "2.5.4.3", OU: "2.5.4.11", O: "2.5.4.10" };
  return seq(
    ...Object.entries(parts).map(([key, value]) =>
      bytes(0x31, seq(oid(ids[key] ?? ""), bytes(0x0c, Buffer.from(value)))),
    ),
  );
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return bytes(0x18, Buffer.from(text));
}

function extension(id: string, value: Buffer, critical: boolean): Buffer {
  const flag = critical ? [bytes(0x01, Buffer.from([0xff]))] : [];
  return seq(oid(id), ...flag, bytes(0x04, value));
}

function altName(text: string): Buffer {
  if (isIP(text) === 4) return bytes(0x87, Buffer.from(text.split(".").map(Number)));
  if (isIP(text) === 6) return bytes(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])]));
  return bytes(0x82, Buffer.from(text));
}

/** A digest as guests' configurations carry it. */
export function digestOf(value: unknown): string {
  return createHash("sha1").update(JSON.stringify(value)).digest("hex");
}
