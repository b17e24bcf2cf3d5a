/** Who made a change, as a journal and an attachment record it for people. */
import { userInfo } from 'node:os';
import { packageVersion } from '../system/package.ts';
import { word } from '../words/shell.ts';
import { isFields, isText } from './shape.ts';

export interface Author {
  /** Who called sudo or doas, otherwise the user of the process; null if it has no name. */
  readonly user: string | null;
  /** `locality-tune apply --port 8080`, as words of a shell. */
  readonly command: string;
  readonly version: string;
}

const MOST_NAME = 64;
const MOST_COMMAND = 1_024;

/** @param words the command line without node and its entry file; none is the live view */
export function authorOf(
  environment: Readonly<Record<string, string | undefined>>,
  words: readonly string[],
): Author {
  const user = environment['SUDO_USER'] || environment['DOAS_USER'] || userName();
  return {
    user: user?.slice(0, MOST_NAME) ?? null,
    command: ['locality-tune', ...words].map(word).join(' ').slice(0, MOST_COMMAND),
    version: packageVersion(),
  };
}

/** A uid without an entry in the user database has no name. */
function userName(): string | null {
  try {
    return userInfo().username;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SYSTEM_ERROR') return null;
    throw error;
  }
}

/** null if it is none, as in files that are older than it. */
export function parseAuthor(value: unknown): Author | null {
  if (!isFields(value)) return null;
  const { user, command, version } = value;
  if (!isText(command) || !isText(version) || !(user === null || isText(user))) return null;
  return {
    user: user?.slice(0, MOST_NAME) ?? null,
    command: command.slice(0, MOST_COMMAND),
    version: version.slice(0, MOST_NAME),
  };
}
