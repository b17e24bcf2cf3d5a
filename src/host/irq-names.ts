/** The names that drivers give their IRQs in request_irq. Used only if nothing better is known; often outdated. */
import type { IrqRole } from './types.ts';

export interface IrqName {
  /** The device in the name: an interface name, a PCI address or `virtioN`. Never a part of one. */
  readonly owner: string;
  /** `block`: a gve notification block; their number shows whether it is TX or RX. */
  readonly role: IrqRole | 'block';
  readonly queues: readonly number[] | 'all';
  /** TX queues, if they differ from `queues`. */
  readonly txQueues?: readonly number[];
  /** The driver, if only it uses this form. */
  readonly driver: string | null;
  /** `eth0-3` alone: a queue only if the device has no clearer names. */
  readonly weak: boolean;
}

interface Form {
  /** Named groups: owner; kind, which is the role; n, the queue numbers; t, a TX queue next to them; driver. */
  readonly pattern: RegExp;
  readonly role?: IrqName['role'];
  readonly queues?: 'all' | readonly number[];
  readonly driver?: string;
  readonly weak?: true;
}

const address = '[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]';
/** Names that the kernel and udev give to Ethernet interfaces; any other word could belong to any device. */
const port = '(?:(?:eth|em)\\d+|(?:en|ib)[opsxP][A-Za-z0-9]+|p\\d+p\\d+(?:_\\d+)?)';
/** Drivers that put their own name first, also that of a netmap build (`i40e_netmap`). */
const prefixed = '(?<driver>i40e|i40evf|ice|iavf|idpf|ionic)(?:_\\w+)?';

// First match wins. An interface name has neither `/` nor `:` nor a space (net/core/dev.c, dev_valid_name).
const forms: readonly Form[] = [
  { pattern: /^mlx5_comp(?<n>\d+)@(?:pci:)?(?<owner>.+)$/, role: 'rxtx', driver: 'mlx5_core' },
  { pattern: /^mlx4-(?<n>\d+)@(?:pci:)?(?<owner>.+)$/, role: 'rxtx', driver: 'mlx4_core' },
  { pattern: /^mana_q(?<n>\d+)@pci:(?<owner>.+)$/, role: 'rxtx', driver: 'mana' },
  { pattern: /^gve-ntfy-blk(?<n>\d+)@pci:(?<owner>.+)$/, role: 'block', driver: 'gve' },
  { pattern: /^(?<owner>[^\s/:]+)-ntfy-block\.(?<n>\d+)$/, role: 'block', driver: 'gve' },
  { pattern: /^al-eth-(?<kind>rx|tx)-comp-(?<n>\d+)@(?:pci:)?(?<owner>.+)$/, driver: 'al_eth' },
  { pattern: /^al-eth-msix-all@(?:pci:)?(?<owner>.+)$/, role: 'rxtx', queues: 'all', weak: true },
  // ena-mgmnt@pci:…, mlx5_async0@pci:…, mana_hwc@pci:…
  { pattern: /^[^@]+@(?:pci:)?(?<owner>.+)$/, role: 'other' },
  { pattern: /^(?<owner>virtio\d+)-(?<kind>input|output)\.(?<n>\d+)$/, driver: 'virtio_net' },
  // A random number generator also has a `virtio0-input`, and a disk `virtio1-virtqueues`: only the bus distinguishes
  // them.
  { pattern: /^(?<owner>virtio\d+)-(?<kind>input|output)$/, queues: 'all', weak: true },
  { pattern: /^(?<owner>virtio\d+)-virtqueues$/, role: 'rxtx', queues: 'all', weak: true },
  { pattern: /^(?<owner>virtio\d+)-.+$/, role: 'other' },
  { pattern: /^(?<driver>hns3)-(?<owner>.+)-(?<kind>TxRx|Tx|Rx)-(?<n>\d+)$/ },
  // ionic_q_init: the queues of a logical interface; the admin queue has the PCI address and is cut short.
  { pattern: /^(?<driver>ionic)-(?<owner>[^\s/]+)-L\d+-(?<kind>rx|tx)(?<n>\d+)$/ },
  { pattern: new RegExp(`^(?:${prefixed}|hns3-misc|hclge-misc)-(?<owner>${address})`), role: 'other' },
  {
    pattern: new RegExp(`^${prefixed}-(?<owner>[^\\s/:]+)-(?<kind>TxRx|[rR]x|[tT]x)-(?<n>\\d+(?:-\\d+)*)$`),
  },
  // A build of another driver with such a prefix: only an interface name shows where it ends.
  { pattern: new RegExp(`^[a-z]\\w*-(?<owner>${port})-(?<kind>TxRx|[rR]x|[tT]x)-(?<n>\\d+)$`) },
  // ravb_probe: `be` is queue 0, `nc` queue 1; named after the interface, later after its device, in between `eth%d`.
  { pattern: /^(?<owner>[^\s/:]+):ch\d+:(?<kind>rx|tx)_be$/, queues: [0], driver: 'ravb' },
  { pattern: /^(?<owner>[^\s/:]+):ch\d+:(?<kind>rx|tx)_nc$/, queues: [1], driver: 'ravb' },
  { pattern: /^(?<owner>[^\s/:]+):(?:ch\d+:(?:multi|emac)|err_a|mgmt_a)$/, role: 'other', driver: 'ravb' },
  // The unit address of a device on POWER's virtual bus.
  { pattern: /^ibmvnic-(?<owner>[0-9a-f]+)-(?<kind>rx|tx)(?<n>\d+)$/, driver: 'ibmvnic' },
  { pattern: /^(?<owner>[^\s/:]+) \(queue (?<n>\d+)\)$/, role: 'rxtx', driver: 'cxgb4' },
  { pattern: /^(?<owner>[^\s/:]+)_(?<kind>rx|tx)q(?<n>\d+)$/, driver: 'hinic' },
  { pattern: /^(?<owner>[^\s/:]+)_qp(?<n>\d+)$/, role: 'rxtx' },
  { pattern: /^(?<owner>[^\s/:]+)-tx-(?<t>\d+)-rx-(?<n>\d+)$/, role: 'rxtx', driver: 'qlcnic' },
  { pattern: /^(?<owner>[^\s/:]+)-Tx-Rx-(?<n>\d+)$/, role: 'rxtx', driver: 'ena' },
  {
    pattern:
      /^(?:qede-)?(?<owner>[^\s/:]+)[-: ](?<kind>TxRx|txrx|rxtx|fp|[rR]x|[tT]x)[- ]?(?<n>\d+(?:-\d+)*)$/,
  },
  { pattern: new RegExp(`^(?<owner>${address})-(?<kind>TxRx|txrx|rxtx|rx|tx)-(?<n>\\d+)$`) },
  { pattern: new RegExp(`^(?<owner>${address})-.+$`), role: 'other' },
  { pattern: /^(?<owner>[^\s/:]+)-q(?<n>\d+)-(?<kind>rx|tx)$/, driver: 'xen_netfront' },
  { pattern: /^(?<owner>[^\s/:]+)-q(?<n>\d+)$/, role: 'rxtx' },
  // Drivers with one vector per direction: old xen-netfront, forcedeth.
  { pattern: new RegExp(`^(?<owner>${port})-(?<kind>rx|tx)$`), queues: 'all' },
  { pattern: /^(?<owner>[^\s/:-]+)-(?<n>\d+)$/, role: 'rxtx', weak: true },
];

/** null: not the form of any driver, such as a plain `eth0`, which is a link interrupt or the only one. */
export function parseIrqName(action: string): IrqName | null {
  for (const form of forms) {
    const groups = form.pattern.exec(action)?.groups;
    if (!groups?.['owner']) continue;
    return {
      owner: groups['owner'],
      role: form.role ?? roleOf(groups['kind'] ?? ''),
      queues: form.queues ?? groups['n']?.split('-').map(Number) ?? [],
      ...(groups['t'] === undefined ? {} : { txQueues: [Number(groups['t'])] }),
      driver: form.driver ?? groups['driver'] ?? null,
      weak: form.weak ?? false,
    };
  }
  return null;
}

function roleOf(kind: string): IrqRole {
  const lower = kind.toLowerCase();
  if (lower === 'rx' || lower === 'input') return 'rx';
  if (lower === 'tx' || lower === 'output') return 'tx';
  return 'rxtx';
}

const portName = new RegExp(`^${port}$`);

/** A name that the kernel or udev gives to Ethernet interfaces; anything else could belong to any device. */
export function looksLikeInterface(name: string): boolean {
  return portName.test(name);
}

/** `15100000.ethernet`, a network device's node in a device tree, after which single-chip drivers name their IRQs. */
export function isEthernetNode(name: string): boolean {
  return /^[0-9a-f]+\.ethernet$/.test(name);
}

const pciAddress = new RegExp(`^${address}$`);

export function isPciAddress(text: string): boolean {
  return pciAddress.test(text);
}
