import { readFileSync } from "node:fs";
import { messageOf } from "../../errors.ts";
import { ProviderError } from "../provider.ts";

/** Where a cluster is, by what it is known, and who we are there. */
export interface Access {
  /** `https://10.43.0.1:443`, without a slash at the end. */
  readonly url: string;
  /** Certificate authority, PEM. Unset: those that Node trusts. */
  readonly ca?: string;
  /** The name that the certificate is for, where it is not the url's. */
  readonly serverName?: string;
  /** The server is believed to be who it says. */
  readonly insecure: boolean;
  readonly login: Login;
  /** In words, for messages. */
  readonly who: string;
  /** The namespace that Wakegate itself is in. */
  readonly namespace?: string;
}

export type Login =
  | { readonly kind: "token"; readonly token: string }
  /** Written anew by the kubelet before it expires. */
  | { readonly kind: "token-file"; readonly file: string }
  | { readonly kind: "certificate"; readonly cert: string; readonly key: string }
  | { readonly kind: "none" };

/** A file that a login needs. @throws ProviderError `engine_incompatible`. */
export function readFileOf(engine: string, path: string, advice = "Check the path and its rights"): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const message = `engine ${engine}: ${path} cannot be read: ${messageOf(error)}. ${advice}.`;
    throw new ProviderError("engine_incompatible", engine, message, { cause: error });
  }
}
