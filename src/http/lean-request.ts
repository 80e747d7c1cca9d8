import { IncomingMessage } from "node:http";

type Headers = IncomingMessage["headers"];

/** `headers` as node makes it: an object of all headers, built at the first look. */
const whole: { readonly get?: (this: IncomingMessage) => Headers } | undefined =
  Object.getOwnPropertyDescriptor(IncomingMessage.prototype, "headers");

const NONE: Headers = {};

/**
 * A request whose `headers` are not made before somebody wants them. node:http itself looks into them before it hands
 * a request over, for Expect alone, and that look makes an object of all headers: about a tenth of what a verdict
 * costs, and verdicts read `rawHeaders`. So that look gets an empty object where the raw names hold no Expect.
 */
export class LeanRequest extends IncomingMessage {
  /** True from the moment at which our own code has it: from then on `headers` are all there. */
  handed = false;

  static {
    const make = whole?.get;
    if (make) {
      Object.defineProperty(this.prototype, "headers", {
        ...whole,
        get(this: LeanRequest) {
          return this.handed || mentionsExpect(this.rawHeaders) ? make.call(this) : NONE;
        },
      });
    }
  }
}

function mentionsExpect(rawHeaders: readonly string[]): boolean {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (
      name?.length === 6 &&
      (name.startsWith("E") || name.startsWith("e")) &&
      name.toLowerCase() === "expect"
    )
      return true;
  }
  return false;
}

/** Whether a request lacks the Host header that HTTP/1.1 demands (RFC 9112 section 3.2). Makes no `headers`. */
export function lacksHost({ httpVersion, rawHeaders }: IncomingMessage): boolean {
  if (httpVersion !== "1.1") return false;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && (name === "Host" || name.toLowerCase() === "host")) return false;
  }
  return true;
}
