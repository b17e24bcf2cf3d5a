/** `hash`: what the kernel does without a program. */
import { OUT_OF_RANGE, ret } from './line.ts';
import type { SteeringProgram } from './program.ts';

export const hashProgram: SteeringProgram<Record<never, never>> = {
  purpose: "the kernel's own choice by hash, with a program attached",
  use: 'a comparison before and after, or a placeholder: the same effect as no program, without detaching.',
  avoid: 'permanent use: detach gives the same choice without a program to run on each packet.',
  parameters: [],
  lines: () => [[ret(OUT_OF_RANGE), 'an index beyond every group: the kernel chooses by its own hash']],
  parse: () => ({}),
  lastSlot: () => null,
};
