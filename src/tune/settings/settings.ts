/** The setting for a target. */
import type { Kind, Target } from '../types.ts';
import { channels } from './channels.ts';
import { feature } from './feature.ts';
import { fields } from './fields.ts';
import { irq } from './irq.ts';
import { irqbalance } from './irqbalance.ts';
import { napi } from './napi.ts';
import { pin } from './pin.ts';
import { program } from './program.ts';
import { rfs, rps, xps } from './queue-files.ts';
import { rss } from './rss.ts';
import type { Setting } from './setting.ts';
import { tc } from './tc.ts';
import { xdp } from './xdp.ts';

type Settings = { readonly [K in Kind]: Setting<Extract<Target, { readonly kind: K }>> };

const SETTINGS: Settings = {
  irqbalance,
  channels,
  rss,
  fields,
  irq,
  napi,
  xps,
  rps,
  rfs,
  pin,
  feature,
  xdp,
  tc,
  program,
};

export const settingOf = ({ kind }: Target): Setting<Target> => SETTINGS[kind];
