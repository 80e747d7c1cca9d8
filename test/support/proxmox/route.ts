import type { Good } from "./answers.ts";
import type { Call } from "./world.ts";

/** One method of the API. */
export interface Route {
  /** `GET /nodes/{node}/lxc`. */
  readonly is: string;
  /** Right and path that it takes; `{…}` are filled from the path. */
  readonly needs?: readonly [right: string, path: string];
  /** Parameters beside those in the path, with the check of each. */
  readonly takes?: Readonly<Record<string, Check>>;
  readonly required?: readonly string[];
  /** Carried out by pvedaemon. */
  readonly protected?: boolean;
  /** Answered to anybody. */
  readonly open?: boolean;
  readonly answer: (call: Call) => Good | Promise<Good>;
}

/** What is wrong with a value; undefined: nothing. */
export type Check = (value: string) => string | undefined;

export const any: Check = () => undefined;
export const integer: Check = (value) =>
  /^-?\d+$/.test(value) ? undefined : `type check ('integer') failed - got '${value}'`;
export const flag: Check = (value) =>
  /^(0|1|true|false|yes|no|on|off)$/i.test(value)
    ? undefined
    : `type check ('boolean') failed - got '${value}'`;
export const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value)
      ? undefined
      : `value '${value}' does not have a value in the enumeration '${words.join(", ")}'`;
