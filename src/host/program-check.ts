/** Whether reuseport groups still have the programs that they had when their slots were read: without bpftrace. */
import { kernelBtf } from '../system/btf.ts';
import { failure, isFailure, isSystemError } from '../system/errors.ts';
import { type KernelWord, type KernelWords, openKernelWords } from '../system/kernel-word.ts';
import type { GroupAddresses } from './inquiry.ts';

export interface ProgramCheck {
  /** Why nothing can be checked; null: it can. Known once there was a group. */
  readonly why: string | null;
  /** The groups from now on, as they were just read. */
  expect(groups: readonly GroupAddresses[]): void;
  /** Has one of them got another program since, or lost it? Always false if nothing can be checked. */
  hasChanged(): boolean;
  close(): void;
}

/** Loads a BPF program once there is a group. */
export function createProgramCheck(open: () => Opened = openHere): ProgramCheck {
  let opened: Opened | null = null;
  let why: string | null = null;
  let words: readonly KernelWord[] = [];
  return {
    get why() {
      return why;
    },
    expect(groups) {
      if (opened === null && why === null && groups.length > 0)
        try {
          opened = open();
        } catch (error) {
          why = reasonOf(error);
        }
      const offset = BigInt(opened?.offset ?? 0);
      words = groups.map(({ group, program }) => ({ address: group + offset, value: program }));
    },
    hasChanged() {
      const kernel = opened?.kernel;
      return kernel !== undefined && words.some((word) => !kernel.isSame(word));
    },
    close: () => opened?.kernel.close(),
  };
}

interface Opened {
  readonly kernel: KernelWords;
  /** Bytes from the start of struct sock_reuseport to the pointer to its program. */
  readonly offset: number;
}

function openHere(): Opened {
  const offset = kernelBtf()?.memberOffset('sock_reuseport.prog') ?? null;
  if (offset === null)
    throw failure('unsupported', 'this kernel shows no types (CONFIG_DEBUG_INFO_BTF)', 'polls instead');
  return { kernel: openKernelWords(), offset };
}

function reasonOf(error: unknown): string {
  if (isFailure(error)) return error.message;
  if (!isSystemError(error)) throw error;
  return error.code === 'EPERM'
    ? 'loading a BPF program needs CAP_BPF and CAP_PERFMON'
    : `this kernel does not run a BPF program on demand (Linux 5.10 does): ${error.message}`;
}
