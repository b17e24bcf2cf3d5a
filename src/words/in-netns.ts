/** Commands for a network namespace that work outside it, where the user is. */
import type { NamedNetns } from '../host/netns-target.ts';
import { option, word } from './shell.ts';

/** Settings that belong to a network namespace; IRQs, threads and daemons belong to the machine. */
const OF_NETNS = /\/sys\/class\/net\/|^\s*(?:ethtool|ip|tc)\s/m;

/** @param netns null: the user's own, and the command as it is */
export function inNetns(command: string, netns: NamedNetns | null): string {
  if (netns === null) return command;
  if (/^locality-tune\s/.test(command)) return `${command} --netns ${word(netns.asked)}`;
  return OF_NETNS.test(command) ? enterFor(command, netns) : command;
}

/** Commands that look at a network namespace; `measure skb` counts the packets of all. */
const LOOKS_INSIDE =
  'apply|attach|balance (?:apply|detach|health|live|plan|remove|status)|detach|explain|export|inspect|live|' +
  'measure (?:accept|udp)|metrics|plan|prove|report|snapshot|status|tune|undo|watch|xdp (?:detach|drops|sport|spread|status)';

/** A command of this program, and what follows it in the sentence up to its end or the next command. */
const MENTIONED = new RegExp(
  `(?<![\\w./-])(locality-tune (?:${LOOKS_INSIDE}))(?![\\w-])((?:(?!locality-tune )[^\`\\n])*)`,
  'g',
);

/** A whole command of another tool in a sentence. `ethtool -X` alone only names what it does, as does one with an ellipsis. */
const OF_OTHERS = /`((?:ip (?!netns)|tc |ping |ss |ethtool -\S+ )[^`…]+)`/g;

/** Options with which a command is not about this namespace, or is refused with --netns. */
const ELSEWHERE = /--(?:demo|from|help|install|netns|persist|replay|root)\b/;

/**
 * A sentence for people, whose commands of this program then enter the namespace that the user named.
 * @param netns null: the user's own, and the sentence as it is
 */
export function mentionNetns(sentence: string, netns: NamedNetns | null): string {
  if (netns === null) return sentence;
  const entering = ` ${option('netns', netns.asked)}`;
  return sentence
    .replace(MENTIONED, (whole, command: string, rest: string) =>
      ELSEWHERE.test(rest) ? whole : `${command}${entering}${rest}`,
    )
    .replace(OF_OTHERS, (_, command: string) => `\`${enterFor(command, netns)}\``);
}

/** Where documents, and what the live view shows, have sentences. */
const SENTENCES: ReadonlySet<string> = new Set([
  'detail',
  'hint',
  'lines',
  'message',
  'notes',
  'remedy',
  'text',
  'warnings',
  'why',
]);

/** The same document, whose sentences name the namespace. @param netns null: the document as it is */
export function mentionInDocument<T>(document: T, netns: NamedNetns | null): T {
  return netns === null ? document : (withSentences(document, false, netns) as T);
}

function withSentences(value: unknown, isSentence: boolean, netns: NamedNetns): unknown {
  if (typeof value === 'string') return isSentence ? mentionNetns(value, netns) : value;
  if (Array.isArray(value)) return value.map((each) => withSentences(each, isSentence, netns));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, withSentences(each, SENTENCES.has(name), netns)]),
  );
}

/**
 * A shell that runs the command in there. A sysfs shows the namespace of the process that mounted it: `ip netns exec`
 * mounts another one, nsenter does not.
 */
export function enterFor(command: string, { asked, pid }: NamedNetns): string {
  return pid === null
    ? `ip netns exec ${word(asked)} sh -c ${word(command)}`
    : `nsenter -t ${pid} -n unshare -m sh -c ${word(`mount -t sysfs sysfs /sys && ${command}`)}`;
}
