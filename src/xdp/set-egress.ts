/** Adds the filter that restores source ports, and deletes it. */
import { failure } from '../system/errors.ts';
import { readEgress } from './egress.ts';
import { EGRESS } from './egress-text.ts';
import { egressRefusals } from './hazards.ts';
import { imageOf } from './ours.ts';
import { setEgressOf } from './set-xdp.ts';

/**
 * `text`: one of EGRESS. The qdisc that others use too is not deleted. Throws Failure: everything of setEgressOf;
 * the codes of egressRefusals.
 */
export async function setEgress(name: string, ifindex: number, text: string): Promise<void> {
  const egress = await readEgress(ifindex);
  const { qdisc, ours, others } = egress;
  if (text === EGRESS.restore) {
    if (ours !== null) return;
    const [refused] = egressRefusals(name, egress);
    if (refused !== undefined) throw failure(refused.code, refused.message, refused.hint);
    const program = {
      image: imageOf({ command: 'sport', way: 'restore' }),
      section: 'tc',
      name: 'lt_own_port',
      sizes: {},
      entries: [],
    } as const;
    await setEgressOf({ egress: 'add', ifindex, program, makesClsact: qdisc === null });
    return;
  }
  if (ours === null) return;
  const withClsact = text === EGRESS.none && others === 0;
  await setEgressOf({ egress: 'delete', ifindex, filter: ours, withClsact });
}
