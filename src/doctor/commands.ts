/** Which commands depend on the same thing. */

/** They read this machine. */
export const LOOK = [
  'inspect',
  'explain',
  'plan',
  'snapshot',
  'report',
  'live',
  'export',
  'metrics',
] as const;

/** They change settings. */
export const CHANGE = ['apply', 'undo', 'tune'] as const;

/** They make a copy of a socket of a server. */
export const STEER = ['attach', 'detach', 'prove', 'tune'] as const;

/** They refuse without bpftrace, or see too little. */
export const TRACE = ['measure', 'attach', 'detach', 'prove', 'tune', 'watch'] as const;

export const EVERY: readonly string[] = [
  ...new Set([...LOOK, ...CHANGE, ...STEER, ...TRACE, 'status', 'watch', 'demo']),
];
