/** What `inspect` found, in the form that its report needs. */
import type { Finding } from '../diagnose/types.ts';
import type { Group } from '../host/types.ts';
import type { View } from '../path/view.ts';
import type { Style } from './text.ts';

export interface Inspection extends View {
  readonly findings: readonly Finding[];
  /** What the reader can do to learn what is not known; null if there is nothing left to try. */
  readonly remedy: string | null;
  /** The requested port. */
  readonly port?: number | undefined;
}

export interface Layout extends Style {
  /** Every row and every group, nothing folded. */
  readonly all: boolean;
}

/** How the kernel picks the group's member: `by hash`, `by program cpu`. */
export function chosenBy({ selection, program }: Group): string {
  switch (selection) {
    case null:
      return 'selection not known';
    case 'hash':
      return 'by hash';
    case 'incoming_cpu':
      return 'by SO_INCOMING_CPU';
    case 'cbpf':
      return program?.name ? `by program ${program.name}` : 'by a classic BPF program';
    case 'ebpf':
      return program?.name ? `by eBPF program ${program.name}` : 'by an eBPF program';
  }
}
