/**
 * Features of an interface (`ethtool -k`), by the kernel's names: include/uapi/linux/ethtool.h (struct ethtool_gfeatures,
 * ethtool_sfeatures), net/ethtool/common.c (netdev_features_strings).
 */
import { type AskEthtool, encodeWords } from './ethtool.ts';

const ETHTOOL_GSTRINGS = 0x1b;
const ETHTOOL_GSSET_INFO = 0x37;
const ETHTOOL_GFEATURES = 0x3a;
const ETHTOOL_SFEATURES = 0x3b;
const ETH_SS_FEATURES = 4;
const ETH_GSTRING_LEN = 32;
const SIZEOF_SSET_INFO = 20;
const SIZEOF_GET_BLOCK = 16;
const SIZEOF_SET_BLOCK = 8;
/** Far above the number of any kernel. */
const MOST_FEATURES = 1_024;

export interface Feature {
  readonly on: boolean;
  /** The driver can change it. */
  readonly changeable: boolean;
}

/** By name: `rx-gro-hw`, `tx-checksum-ip-generic`. Throws SystemError. */
export async function readFeatures(ask: AskEthtool): Promise<ReadonlyMap<string, Feature>> {
  const names = await featureNames(ask);
  const blocks = Math.ceil(names.length / 32);
  const answer = viewOf(await ask(encodeWords(8 + SIZEOF_GET_BLOCK * blocks, ETHTOOL_GFEATURES, blocks)));
  return new Map(
    names.flatMap((name, index) => {
      const at = 8 + SIZEOF_GET_BLOCK * (index >> 5);
      if (name === '' || at + SIZEOF_GET_BLOCK > answer.byteLength) return [];
      const bit = (word: number) => ((answer.getUint32(at + 4 * word, true) >>> (index & 31)) & 1) === 1;
      return [[name, { on: bit(2), changeable: bit(0) && !bit(3) }]];
    }),
  );
}

/** Throws SystemError; RangeError: there is no such feature. */
export async function setFeature(ask: AskEthtool, name: string, on: boolean): Promise<void> {
  const names = await featureNames(ask);
  const index = names.indexOf(name);
  if (index < 0) throw new RangeError(`this kernel has no feature ${name}`);
  const blocks = Math.ceil(names.length / 32);
  const request = Uint8Array.from(encodeWords(8 + SIZEOF_SET_BLOCK * blocks, ETHTOOL_SFEATURES, blocks));
  const view = viewOf(request);
  const at = 8 + SIZEOF_SET_BLOCK * (index >> 5);
  const mask = (1 << (index & 31)) >>> 0;
  view.setUint32(at, mask, true);
  view.setUint32(at + 4, on ? mask : 0, true);
  await ask(request);
}

/** One for each bit; empty for a bit without a name. */
async function featureNames(ask: AskEthtool): Promise<readonly string[]> {
  const info = await ask(encodeWords(SIZEOF_SSET_INFO, ETHTOOL_GSSET_INFO, 0, 1 << ETH_SS_FEATURES));
  const view = viewOf(info);
  const count = view.getUint32(8, true) === 0 ? 0 : Math.min(view.getUint32(16, true), MOST_FEATURES);
  const strings = Buffer.from(
    await ask(encodeWords(12 + count * ETH_GSTRING_LEN, ETHTOOL_GSTRINGS, ETH_SS_FEATURES, count)),
  );
  return Array.from({ length: count }, (_, index) => {
    const at = 12 + index * ETH_GSTRING_LEN;
    const name = strings.toString('latin1', at, at + ETH_GSTRING_LEN);
    return name.slice(0, `${name}\0`.indexOf('\0'));
  });
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
