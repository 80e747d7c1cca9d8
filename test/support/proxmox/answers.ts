/** What a route gives back when it is not thrown: the data, and how many there are in all. */
export interface Good {
  readonly data: unknown;
  readonly total?: number;
}

/** An answer that is not good, with its HTTP reason phrase. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | undefined;
  /** 401, 595 and 596 say everything by their reason. */
  readonly bare: boolean;

  constructor(
    status: number,
    reason: string,
    options: { errors?: Readonly<Record<string, string>>; bare?: boolean } = {},
  ) {
    super(reason);
    this.status = status;
    this.errors = options.errors;
    this.bare = options.bare ?? (status === 401 || status >= 595);
  }
}

/** 500 with the API's own words. */
export function failed(reason: string): ApiError {
  return new ApiError(500, reason);
}

/** 400 with a text for each parameter. */
export function badParameters(errors: Readonly<Record<string, string>>): ApiError {
  return new ApiError(400, "Parameter verification failed.", { errors });
}

/** 403 as `check` says it. */
export function forbidden(path: string, right: string): ApiError {
  return new ApiError(403, `Permission check failed (${path}, ${right})`);
}
