/** Commands that a person can paste into a root shell. */

/** Quotes any text as one word of a POSIX shell: an interface may be called `$(reboot)`. */
export function word(text: string): string {
  return /^[\w.,:@%+/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Writes one line to a file of sysfs or procfs. */
export function write(value: string, file: string): string {
  return `echo ${value} > ${word(file)}`;
}

/** `--name value`; a value that begins with a dash would be taken for an option. */
export function option(name: string, value: string): string {
  return `--${name}${value.startsWith('-') ? '=' : ' '}${word(value)}`;
}

/** A file of a NIC in sysfs as a shell word; `rest` may hold what the shell is to expand. */
export function nicPath(nic: string, rest: string): string {
  return `/sys/class/net/${word(nic)}/${rest}`;
}

/** The folder of a NIC's queues. */
export function queueFile(nic: string, queue: string, file: string): string {
  return `/sys/class/net/${nic}/queues/${queue}/${file}`;
}

/** More lines than this become a loop. */
const FEW = 16;

/**
 * If there are more than 16 commands, folds those that differ only in their numbers into one `for` loop per shape.
 * Otherwise a NIC with 128 queues would bury everything else on the screen. Commands must differ from each other, and
 * every name in them must be a {@link word}.
 */
export function compact(commands: readonly string[]): readonly string[] {
  if (commands.length <= FEW) return commands;
  // No command contains a NUL, but a name may contain any other mark.
  const shapes = Map.groupBy(commands, (command) => command.replace(/\d+/g, '\0'));
  return [...shapes.values()].map((alike) => loop(alike.map((command) => command.split(/(\d+)/))));
}

/** Commands in pieces; every second piece is a number. */
function loop(commands: readonly (readonly string[])[]): string {
  const [first = []] = commands;
  const varying = first.flatMap((piece, at) => (commands.some((other) => other[at] !== piece) ? [at] : []));
  const body = first.map((piece, at) => {
    if (!varying.includes(at)) return piece;
    const variable = varying.length === 1 ? `\${n}` : positional(varying.indexOf(at) + 1);
    // The shell expands nothing inside single quotes.
    return endsInSingleQuotes(first.slice(0, at).join('')) ? `'"${variable}"'` : variable;
  });
  const items = commands.map((command) => varying.map((at) => command[at]).join(' '));
  if (varying.length === 0) return body.join('');
  if (varying.length === 1) return `for n in ${series(items)}; do ${body.join('')}; done`;
  return `for n in '${items.join("' '")}'; do set -- $n; ${body.join('')}; done`;
}

/** `$10` would be `$1` and a zero. */
const positional = (at: number): string => (at < 10 ? `$${at}` : `\${${at}}`);

/** Removes all that is quoted in one way or another: a single quote that is left opens what is not closed. */
const endsInSingleQuotes = (text: string): boolean =>
  text.replace(/\\.|"(?:\\.|[^"\\])*(?:"|$)|'[^']*'/gs, '').includes("'");

function series(numbers: readonly string[]): string {
  const [first] = numbers;
  const consecutive = numbers.every((n, index) => n === `${Number(first) + index}`);
  return consecutive ? `$(seq ${first} ${numbers.at(-1)})` : numbers.join(' ');
}
