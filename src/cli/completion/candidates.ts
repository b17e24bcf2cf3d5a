/** What may stand at the cursor of a command line, by the commands' own definitions. */
import type { Argument, Command, Option } from 'commander';

export interface Offer {
  readonly value: string;
  /** In one line; '' if there is nothing to say. */
  readonly says: string;
}

/** `files` and `folders`: paths may follow too. `nospace`: the word is not complete yet. */
export type How = 'files' | 'folders' | 'nospace';

export interface Candidates {
  readonly how: readonly How[];
  readonly offers: readonly Offer[];
}

/** The words before the cursor, understood. */
export interface Place {
  readonly command: Command;
  /** The options that were given so far, by their long name, with their last value. */
  readonly given: ReadonlyMap<string, string>;
}

/** The values of an option or an argument that may begin with `typed`; not yet filtered. */
export type Values = (of: Option | Argument, place: Place, typed: string) => Promise<Candidates>;

export const NOTHING: Candidates = { how: [], offers: [] };

/** @param words those after the program's name; the last one, perhaps empty, is the one to complete */
export async function candidates(
  program: Command,
  words: readonly string[],
  values: Values,
): Promise<Candidates> {
  const typed = words.at(-1) ?? '';
  const { place, open, position, onlyWords } = walk(program, words.slice(0, -1));
  const option = open !== null && (open.required || !typed.startsWith('-')) ? open : null;
  if (option !== null) return beginning(typed, await values(option, place, typed));
  if (typed.startsWith('-') && !onlyWords) {
    const [, name = '', value] = /^(--[^=]+)=(.*)$/s.exec(typed) ?? [];
    const named = name === '' ? undefined : optionNamed(place.command, name);
    if (value === undefined || named === undefined) return beginning(typed, optionsOf(place));
    const { how, offers } = await values(named, place, value);
    return beginning(typed, {
      how,
      offers: offers.map((offer) => ({ ...offer, value: `${name}=${offer.value}` })),
    });
  }
  const argument = argumentAt(place.command, position);
  const ofArgument = argument === undefined ? NOTHING : await values(argument, place, typed);
  const offers = [...(position === 0 ? commandsOf(place.command) : []), ...ofArgument.offers];
  return beginning(typed, { how: ofArgument.how, offers });
}

interface Walk {
  readonly place: Place;
  /** The option whose value comes next. */
  readonly open: Option | null;
  /** Of the next argument of the command. */
  readonly position: number;
  /** `--` was given. */
  readonly onlyWords: boolean;
}

function walk(program: Command, words: readonly string[]): Walk {
  const given = new Map<string, string>();
  let command = program;
  let open: Option | null = null;
  let position = 0;
  let onlyWords = false;
  for (const word of words) {
    if (open !== null && (open.required || !word.startsWith('-'))) {
      given.set(open.long ?? '', word);
      open = null;
      continue;
    }
    open = null;
    if (onlyWords || !word.startsWith('-') || word === '-') {
      const below = onlyWords ? undefined : command.commands.find((each) => each.name() === word);
      if (below !== undefined) command = below;
      else if (word !== 'help' || command.commands.length === 0) position++;
    } else if (word === '--') onlyWords = true;
    else {
      const [, name = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
      const option = optionNamed(command, name);
      if (option === undefined) continue;
      given.set(option.long ?? '', value ?? '');
      if (value === undefined && (option.required || option.optional)) open = option;
    }
  }
  return { place: { command, given }, open, position, onlyWords };
}

/** `-jI`: the last letter of a cluster may take a value. */
function optionNamed(command: Command, word: string): Option | undefined {
  const short = `-${word.slice(-1)}`;
  const all = [command, ...ancestorsOf(command)].flatMap((each) => each.options);
  return all.find((option) => option.long === word || (!word.startsWith('--') && option.short === short));
}

function ancestorsOf({ parent }: Command): readonly Command[] {
  return parent === null ? [] : [parent, ...ancestorsOf(parent)];
}

function argumentAt({ registeredArguments }: Command, position: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[position] ?? (last?.variadic ? last : undefined);
}

/** Those that the command's help shows, without the ones that were given, unless they may be repeated. */
function optionsOf({ command, given }: Place): Candidates {
  const help = command.createHelp();
  const offers = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].flatMap((option) =>
    option.long === null ||
    option.long === undefined ||
    (given.has(option.long) && !option.description.includes('(repeatable)'))
      ? []
      : [{ value: option.long, says: option.description }],
  );
  return { how: [], offers };
}

/** Those that the help shows; `help` is the last of them. */
const commandsOf = (command: Command): readonly Offer[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ value: each.name(), says: each.description() }));

/** The shell inserts a candidate as it is, and names of interfaces and namespaces may hold anything. */
const isPlain = ({ value }: Offer): boolean => /^[\w@%+=:,./-]+$/.test(value);

function beginning(typed: string, { how, offers }: Candidates): Candidates {
  return { how, offers: offers.filter((offer) => offer.value.startsWith(typed) && isPlain(offer)) };
}
