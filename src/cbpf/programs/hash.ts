/** `hash`: what the kernel does without a program. */
import { type About, type Line, OUT_OF_RANGE, ret } from './line.ts';

export const about: About = {
  purpose: "the kernel's own choice, by hash, with a program in place",
  use: 'to have the effect of no program without detaching: a comparison of before and after, a placeholder.',
  avoid: 'for good: detach costs nothing on each packet.',
};

export function lines(): Line[] {
  return [[ret(OUT_OF_RANGE), 'an index beyond every group: the kernel chooses by its own hash']];
}
