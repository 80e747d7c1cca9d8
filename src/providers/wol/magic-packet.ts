/**
 * The frame that a sleeping network card waits for: six bytes FF, sixteen times its address, and for SecureOn the
 * password. AMD, "Magic Packet Technology", publication 20213. Pure.
 *
 * @param mac six bytes in hexadecimal with colons.
 * @param secureOn four or six bytes, written the same way.
 */
export function magicPacket(mac: string, secureOn?: string): Buffer {
  const address = bytesOf(mac);
  return Buffer.concat([
    Buffer.alloc(6, 0xff),
    ...Array.from({ length: 16 }, () => address),
    ...(secureOn === undefined ? [] : [bytesOf(secureOn)]),
  ]);
}

function bytesOf(written: string): Buffer {
  return Buffer.from(written.replaceAll(":", ""), "hex");
}
