/** `--mode` of commands that attach a program for XDP. */
import { usage } from '../errors.ts';

/** Throws CliError usage. */
export function mode(text: string): 'native' | 'generic' {
  if (text !== 'native' && text !== 'generic') throw usage(`--mode '${text}': must be native or generic`);
  return text;
}
