/** The RSS hash of a flow, as far as the driver shows what is needed. */
import type { Nic, Rss } from '../host/types.ts';
import type { Flow } from './flow.ts';
import { type Fields, flowType, hashInput, type Xfrm } from './rss-input.ts';
import { type ToeplitzVariant, toeplitz } from './toeplitz.ts';

export interface Method {
  readonly variant: ToeplitzVariant;
  readonly xfrm: Xfrm;
}

/** One of the possible ways to hash, and its result. */
export interface Hashed extends Method {
  readonly fields: Fields;
  readonly input: Uint8Array;
  /** Unsigned 32 bit. */
  readonly hash: number;
}

/** One if the hash is known, several if it may be any of them, none (with the reason) if nothing is known. */
export interface Hashes {
  readonly possible: readonly Hashed[];
  /** Why these. */
  readonly why: string;
}

export type Hasher = (flow: Flow) => Hashes;

/** What the user knows and the driver does not show. */
export interface Given {
  readonly method: Method | null;
  readonly fields: Fields | null;
  /** Datagrams larger than the MTU: only the first fragment has ports, so NICs hash only addresses. */
  readonly fragments: boolean;
}

export const NOTHING_GIVEN: Given = { method: null, fields: null, fragments: false };

/** @param nic its driver and RSS settings; driver null for a key alone */
export function hasher({ driver, rss }: Pick<Nic, 'driver' | 'rss'>, given: Given = NOTHING_GIVEN): Hasher {
  if (rss === null) return unknown('the RSS key is not known');
  const { hashFunction } = rss;
  if (given.method === null && hashFunction !== 'toeplitz')
    return unknown(
      hashFunction === null
        ? 'the driver names no hash function'
        : `how the NIC computes ${hashFunction} is not known`,
    );
  const key = parseKey(rss.key ?? '');
  if (key === null) return unknown('the driver does not show its RSS key');
  const [variants, whyVariant] = variantsOf(driver, given);
  const [xfrms, whyXfrm] = xfrmsOf(driver, rss, given);
  if (xfrms.length === 0) return unknown(whyXfrm);
  const hashes = new Map(variants.map((variant) => [variant, toeplitz(key, variant)]));
  return (flow) => {
    const [choices, whyFields] = fieldsOf(flow, rss, given);
    const longest = 2 * flow.source.bytes.length + (choices.includes('sdfn') ? 4 : 0);
    if (longest > key.length - 4)
      return {
        possible: [],
        why: `the RSS key of ${key.length} bytes is too short for this flow's ${longest}`,
      };
    const possible = [...hashes].flatMap(([variant, hash]) =>
      xfrms.flatMap((xfrm) =>
        choices.map((fields): Hashed => {
          const input = hashInput(flow, fields, xfrm);
          return { variant, xfrm, fields, input, hash: hash(input) };
        }),
      ),
    );
    return { possible, why: [whyFields, whyXfrm, whyVariant].filter((why) => why !== '').join('; ') };
  };
}

function unknown(why: string): Hasher {
  return () => ({ possible: [], why });
}

/** Colon-separated or plain hex; null for anything else, and for a key too short to hash two IPv4 addresses. */
export function parseKey(text: string): Uint8Array | null {
  const digits = text.replaceAll(':', '');
  if (!/^([0-9a-f]{2}){12,}$/i.test(digits) || !/^[0-9a-f]{2}(:?[0-9a-f]{2})*$/i.test(text)) return null;
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

type Choices<T> = readonly [possible: readonly T[], why: string];

function variantsOf(driver: string | null, { method }: Given): Choices<ToeplitzVariant> {
  if (method !== null) return [[method.variant], ''];
  if (driver !== 'ena') return [['toeplitz'], ''];
  return [
    ['toeplitz', 'toeplitz-reversed', 'toeplitz-reversed-ones'],
    'ENA: depending on its version, the driver shows the key as it is, reversed, or reversed with a start of 0xffffffff (choose with --hash)',
  ];
}

/** mlx5 hashes symmetrically by default, and shows it only since Linux 6.15 (mlx5e_rss_params_build_tirc). */
function xfrmsOf(driver: string | null, { inputXfrm }: Rss, { method }: Given): Choices<Xfrm> {
  if (method !== null) return [[method.xfrm], method.xfrm === 'none' ? '' : method.xfrm];
  switch (inputXfrm) {
    case 'symmetric-xor':
      return [['symmetric-xor'], 'symmetric-xor'];
    case 'symmetric-or-xor':
      return [['symmetric-or-xor'], 'symmetric-or-xor'];
    case 'none':
      if (driver !== 'mlx5_core') return [['none'], ''];
      return [
        ['symmetric-or-xor', 'none'],
        'before Linux 6.15 mlx5 does not report that it hashes symmetrically (choose with --hash)',
      ];
    default:
      return [
        [],
        inputXfrm === null ? 'whether the input is made symmetric is not known' : `${inputXfrm} is not known`,
      ];
  }
}

function fieldsOf(flow: Flow, rss: Rss, { fields, fragments }: Given): Choices<Fields> {
  if (fragments && flow.protocol === 'udp')
    return [['sd'], 'only the first fragment has ports, so addresses are hashed'];
  if (fields !== null) return [[fields], fields === 'sd' ? 'addresses' : 'addresses and ports'];
  const type = flowType(flow);
  const letters = rss.fields[type];
  switch (letters) {
    case 'sdfn':
      return [['sdfn'], `${type} is hashed by addresses and ports (sdfn)`];
    case 'sd':
      return [['sd'], `${type} is hashed by addresses alone (sd)`];
    case null:
      return [['sdfn', 'sd'], `which fields of ${type} are hashed is not known (set it with --fields)`];
    default:
      return [
        [],
        letters === '' ? `${type} is not hashed` : `how the NIC orders the fields ${letters} is not known`,
      ];
  }
}
