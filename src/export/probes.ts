/** The probes whose counts can be exported. */
export const PROBES = ['skb', 'accept', 'udp'] as const;
export type ProbeName = (typeof PROBES)[number];
