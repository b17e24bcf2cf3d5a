import { count } from '../../words/phrase.ts';
import { liveNics } from '../nics.ts';
import type { Facts, Finding } from '../types.ts';

/** Flows that match a rule do not follow the table. Rules for the whole port of a group are followed, others are not. */
export function rssOverridden({ host }: Facts): readonly Finding[] {
  return liveNics(host).flatMap((nic): Finding[] => {
    const rules = nic.rss?.ntupleRules ?? 0;
    const contexts = nic.rss?.contexts?.length ?? 0;
    if (rules + contexts === 0) return [];
    const what = [
      rules > 0 ? count(rules, 'ntuple rule') : '',
      contexts > 0 ? count(contexts, 'additional RSS context') : '',
    ].filter((part) => part !== '');
    return [
      {
        rule: 'rss-overridden',
        severity: 'info',
        subject: nic.name,
        message:
          `${what.join(' and ')} can send flows to queues that the RSS table does not name for them; ` +
          (nic.rss?.rules === null
            ? 'the expected locality leaves them out.'
            : 'the expected locality follows a rule that takes all flows to the port of a group, and leaves out the others.'),
        fix: [],
      },
    ];
  });
}
