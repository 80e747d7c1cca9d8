import type { Evidence } from "../ports.ts";

/** An answer of the API that is not what was asked for. The title is a sentence that says what to do. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly status: number;
  readonly code: string;
  readonly detail: string | undefined;
  readonly evidence: readonly Evidence[] | undefined;

  constructor(
    status: number,
    code: string,
    title: string,
    more: { readonly detail?: string; readonly evidence?: readonly Evidence[] } = {},
  ) {
    super(title);
    this.status = status;
    this.code = code;
    this.detail = more.detail;
    this.evidence = more.evidence;
  }

  /** The problem document (RFC 9457). */
  document(): Readonly<Record<string, unknown>> {
    return {
      type: `urn:wakegate:${this.code}`,
      title: this.message,
      status: this.status,
      ...(this.detail !== undefined && { detail: this.detail }),
      error: this.code,
      ...(this.evidence !== undefined && {
        evidence: this.evidence.map(({ until, ...rest }) => ({
          ...rest,
          ...(until !== undefined && { until: new Date(until).toISOString() }),
        })),
      }),
    };
  }
}
