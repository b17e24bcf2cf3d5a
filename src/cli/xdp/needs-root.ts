/** Why commands that attach a program for XDP need root. */
export const NEEDS_ROOT = 'loading a BPF program needs CAP_BPF, attaching it to an interface CAP_NET_ADMIN';
