/** What commands about steering programs print with --json. */
import type { CheckFinding } from '../../cbpf/check.ts';
import type { Cost } from '../../cbpf/cost.ts';
import type { Instruction } from '../../cbpf/instruction.ts';
import type { TraceStep } from '../../cbpf/trace.ts';

/** What the reader of a program had to say of its text. */
export interface TextProblem {
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  readonly expected: string | null;
}

/** `asm` */
export interface AsmDocument {
  readonly schema: 'locality-tune.asm/1';
  readonly instructions: readonly Instruction[];
  readonly warnings: readonly TextProblem[];
}

/** `disasm` */
export interface DisasmDocument {
  readonly schema: 'locality-tune.disasm/1';
  /** The form in which the program was given. */
  readonly input: string;
  readonly form: 'asm' | 'tcpdump';
  readonly text: string;
  /** Does asm make the same bytes of it? null for the form of tcpdump. */
  readonly lossless: boolean | null;
  readonly instructions: readonly Instruction[];
}

interface LinedFinding extends CheckFinding {
  readonly line: number | null;
}

/** `check` */
export interface CheckDocument {
  readonly schema: 'locality-tune.check/1';
  readonly ok: boolean;
  readonly errors: readonly LinedFinding[];
  /** Bytes, as the newest kernel counts them; null for a program that is not converted. */
  readonly converted: number | null;
  readonly optmemMax: number | null;
  readonly hints: readonly LinedFinding[];
  readonly notes: readonly string[];
  readonly warnings: readonly TextProblem[];
}

/** `sim`; of a capture with --pcap. */
export type SimDocument = SimPacketDocument | SimCaptureDocument;

interface SimPacketDocument {
  readonly schema: 'locality-tune.sim/1';
  readonly program: string;
  /** Unsigned, 32 bits. */
  readonly result: number;
  readonly earlyExit: string | null;
  /** null without a group, and if the hash chooses. */
  readonly slot: number | null;
  /** Does the kernel's hash choose? null without a group. */
  readonly fallsBack: boolean | null;
  readonly steps: readonly TraceStep[];
  readonly groupSize: number | null;
  readonly distribution?: readonly number[];
  readonly notes: readonly string[];
}

interface SimCaptureDocument {
  readonly schema: 'locality-tune.sim/1';
  readonly program: string;
  readonly result: null;
  readonly earlyExit: null;
  readonly steps: readonly never[];
  readonly groupSize: number | null;
  readonly packets: number;
  readonly passedOver: readonly { readonly why: string; readonly packets: number }[];
  /** `tcp 80`, `udp 53` */
  readonly ports: readonly { readonly port: string; readonly packets: number }[];
  readonly earlyExits: readonly { readonly why: string; readonly packets: number }[];
  /** Without a group. */
  readonly results?: readonly { readonly result: number; readonly packets: number }[];
  /** Packets of each slot; and how many the kernel's hash distributes. */
  readonly distribution?: readonly number[];
  readonly hashed?: number;
  readonly notes: readonly string[];
}

interface ProgramText {
  readonly name: string;
  readonly purpose: string;
  readonly use: string;
  readonly avoid: string;
  /** null: there is no such program for a group of that size. */
  readonly cost: Cost | null;
}

/** `programs`; with a name: `programs NAME`. */
export type ProgramsDocument =
  | {
      readonly schema: 'locality-tune.programs/1';
      readonly groupSize: number;
      readonly programs: readonly ProgramText[];
    }
  | ({
      readonly schema: 'locality-tune.programs/1';
      readonly groupSize: number;
      readonly asm: string;
      readonly instructions: readonly Instruction[];
    } & ProgramText);
