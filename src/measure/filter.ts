/** Whose events are counted; null: any. The probes filter, so that other events cost almost nothing. */
export interface Filter {
  readonly pid: number | null;
  /** The local one. */
  readonly port: number | null;
  /** The thread's name, at most 15 bytes. */
  readonly comm: string | null;
}

export const ANY: Filter = { pid: null, port: null, comm: null };

/** $1, $2, $3 of the probes: 0 and an empty string are any. */
export const filterParameters = ({ pid, port, comm }: Filter): string[] => [
  String(pid ?? 0),
  String(port ?? 0),
  comm ?? '',
];
