/** The messages between the host and the agent in a guest. */

export interface Request {
  readonly id: number;
  /** Starts it, in bash. */
  readonly command?: string;
  /** For its standard input. */
  readonly input?: string;
  /** No more input. */
  readonly end?: boolean;
  /** To its process group. */
  readonly signal?: NodeJS.Signals;
}

export interface Reply {
  readonly id: number;
  readonly out?: string;
  readonly err?: string;
  /** It has ended: exit status, or the signal that ended it. */
  readonly code?: number | string;
}
