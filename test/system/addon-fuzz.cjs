// addon-fuzz.cjs ADDON SEED CALLS: calls every function of the addon with odd arguments, and prints what came of it as
// JSON. It changes nothing: what would is called in a way that the kernel must refuse.
const { readdirSync } = require('node:fs');

const [path, seed, calls] = process.argv.slice(2);
const addon = { exports: {} };
process.dlopen(addon, path);
const native = addon.exports;

let state = Number(seed);
const random = () => {
  state = (state * 1103515245 + 12345) & 0x7fffffff;
  return state / 0x7fffffff;
};
const below = (count) => Math.floor(random() * count);
const pick = (list) => list[below(list.length)];
const bytes = (most) => Uint8Array.from({ length: below(most) }, () => below(256));
const words = (count) =>
  Uint8Array.from(Buffer.from(Uint32Array.from({ length: count }, () => below(2 ** 31)).buffer));

const ODD = [
  ...[
    undefined,
    null,
    Number.NaN,
    -1,
    0,
    1,
    2 ** 31,
    2 ** 32 + 1,
    -(2 ** 31),
    1e300,
    'x',
    '',
    'a\0b',
    {},
    [],
    [1, 2],
    [-1],
  ],
  ...[[8191], [8192], [Number.NaN], ['a'], Symbol('s'), 10n, () => 1, Buffer.alloc(24), new Float64Array(3)],
  ...[0, 7, 8, 8 * 65_536, 8 * 65_535].map((length) => new Uint8Array(length)),
  new Proxy([], {
    get() {
      throw new Error('trap');
    },
  }),
];
/** No descriptor of this process, so that nothing of it is closed or changed by chance. */
const NO_FD = 1 << 20;
const odd = () => pick(ODD);
const oddFd = () => {
  const value = odd();
  return typeof value === 'number' && value >= 0 && value < NO_FD ? NO_FD : value;
};

/** ETHTOOL_G*: what only asks. */
const ETHTOOL = [0x03, 0x10, 0x1b, 0x1d, 0x29, 0x2e, 0x37, 0x3c, 0x46, 0x38, 0x30];
function ethtool() {
  const request = Buffer.alloc(4 + below(300));
  if (random() < 0.5) for (let at = 4; at < request.length; at++) request[at] = below(256);
  request.writeUInt32LE(pick(ETHTOOL), 0);
  return [pick(['lo', '', 'nosuchdevice_toolong_name', 'lo\0x', 'é', odd()]), request];
}

/** What the kernel does not answer takes five seconds each. */
let unanswered = 0;

/** Dumps and noops, with lengths that need not be true. */
function netlink() {
  const request = Buffer.alloc(16 + below(100));
  if (random() < 0.5) for (let at = 16; at < request.length; at++) request[at] = below(256);
  request.writeUInt32LE(random() < 0.7 ? request.length : below(2 ** 30), 0);
  request.writeUInt16LE(pick([20, 16, 18, 0, 1, 2, 3]), 4);
  request.writeUInt16LE(0x301, 6);
  return [pick([4, 16]), request];
}

/** struct Request of native/borrow.cc, of this process and others, with indices that need not be there. */
function borrow() {
  const count = below(5);
  const requests = Buffer.alloc(32 * count + (random() < 0.1 ? below(32) : 0));
  for (let at = 0; at + 32 <= requests.length; at += 32) {
    requests.writeInt32LE(pick([process.pid, process.ppid, 0, -1, 1, 2 ** 31 - 1]), at);
    requests.writeInt32LE(pick([0, 1, 2, 3, below(64), -1, 2 ** 31 - 1]), at + 4);
    if (random() < 0.2) requests.writeBigUInt64LE(BigInt(below(1000)), at + 8);
    requests.writeUInt32LE(below(0x7fff), at + 16);
    requests.writeUInt32LE(below(0x7fff), at + 20);
    requests.writeUInt32LE(pick([0, 0, 1, 2 ** 31, 0xffffffff]), at + 24);
    requests.writeUInt32LE(pick([0, 0, 1, 2, 0xffffffff]), at + 28);
  }
  return [
    random() < 0.1 ? odd() : Uint8Array.from(requests),
    random() < 0.1 ? odd() : words(below(5)),
    pick([1000, 1000, 0, -1]),
  ];
}

/** Commands that only look, or a number that is none; descriptors and ids that are none. */
function bpf() {
  const attributes = new Uint8Array(Buffer.alloc(128));
  new DataView(attributes.buffer).setInt32(0, NO_FD, true);
  const [holder, offset, target] = [below(3), pick([8, 16, 121, 4096, odd()]), below(3)];
  return [
    pick([odd(), 1, 11, 12, 15, 9999]),
    random() < 0.1 ? odd() : [attributes, pick([odd(), bytes(64)])],
    random() < 0.1 ? odd() : [pick([odd(), [holder, offset, target]])],
  ];
}

const CALLS = {
  borrow,
  bpf,
  unlimitMemlock: () => [odd()],
  pidfdOpen: () => [pick([odd(), process.pid, 2 ** 22 + 5])],
  pidfdGetfd: () => [oddFd(), odd()],
  close: () => [oddFd()],
  getsockoptInt: () => [oddFd(), odd(), odd()],
  getsockoptU64: () => [oddFd(), odd(), odd()],
  netnsCookie: () => [odd()],
  getsockname: () => [oddFd()],
  attachReuseportCbpf: () => [oddFd(), pick([odd(), bytes(64)])],
  detachReuseportBpf: () => [oddFd()],
  descriptors: () => [odd()],
  schedGetaffinity: () => [pick([odd(), process.pid])],
  // No such thread.
  schedSetaffinity: () =>
    [pick([odd(), 2 ** 22 + 5]), odd()].map((value, at) => (at === 0 && value >= 0 ? 2 ** 22 + 5 : value)),
  netlinkRequest: () => (unanswered++ < 6 ? netlink() : [4, odd()]),
  ethtoolIoctl: ethtool,
  execve: () => [
    '/nonexistent',
    pick([odd(), ['a', 'b'], []]),
    pick([odd(), ['A=b']]),
    // No descriptor of its own.
    pick([odd(), [-1, 1 << 20], []]),
  ],
  setns: () => [pick(['/nonexistent', odd()]), odd()],
  // CLONE_THREAD alone is refused.
  unshare: () => [pick(['x', null, 0x10000])],
  mount: () => [pick(['none', odd()]), '/nonexistent/x', pick(['', 'tmpfs', odd()]), pick([0, odd()])],
  perfTracepoint: () => [odd(), pick([odd(), 0, 99_999]), pick([odd(), 'x == 1', ''])],
  memfd: () => [pick([odd(), bytes(5000)])],
  listen: () => [
    pick([odd(), [], [NO_FD], [-1, NO_FD, NO_FD + 1]]),
    pick([odd(), [], [NO_FD]]),
    pick([odd(), [], [NO_FD]]),
    pick([odd(), () => {}]),
  ],
  netlinkJoin: () => [
    pick([0, 4, 16, odd()]),
    pick([odd(), words(3), bytes(8)]),
    pick([odd(), bytes(0), bytes(64)]),
  ],
  fanotifyInit: () => [odd()],
  fanotifyMark: () => [oddFd(), odd(), odd(), pick(['/nonexistent/x', odd()])],
  sendDatagram: () => [pick([odd(), bytes(120)]), pick([odd(), bytes(300)])],
  flock: () => [oddFd(), odd()],
  trimMemory: () => [odd()],
  forgetCode: () => [odd()],
  epollCreate: () => [odd()],
  epollAdd: () => [oddFd(), oddFd()],
};
const OPENING = ['pidfdOpen', 'memfd', 'netlinkJoin', 'fanotifyInit', 'epollCreate'];

const descriptors = () => readdirSync('/proc/self/fd').length;
const missing = Object.keys(native).filter((name) => CALLS[name] === undefined);
const names = Object.keys(CALLS);
const pending = [];
let refused = 0;
const before = descriptors();
for (let call = 0; call < Number(calls); call++) {
  const name = names[call % names.length];
  try {
    const result = native[name](...CALLS[name]());
    if (typeof result?.then === 'function') pending.push(result.catch(() => refused++));
    else if (typeof result === 'function') result();
    else if (OPENING.includes(name)) native.close(result);
  } catch {
    refused++;
  }
}
Promise.all(pending).then(() => {
  console.log(JSON.stringify({ missing, calls: Number(calls), refused, left: descriptors() - before }));
});
