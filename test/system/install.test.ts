import fc from 'fast-check';
import { expect, it } from 'vitest';
import { installAdvice } from '../../src/system/install.ts';

it.each([
  ['ID=debian\nVERSION_ID="12"\n', 'apt install bpftrace'],
  ['NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', 'apt install bpftrace'],
  ['ID=fedora\n', 'dnf install bpftrace'],
  ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'dnf install bpftrace'],
  ['ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', 'zypper install bpftrace'],
  ['ID="sles"\nID_LIKE="suse"\n', 'zypper install bpftrace'],
  ["ID=alpine\nVERSION_ID='3.20'\n", 'apk add bpftrace'],
  ['ID=nixos\n', 'install the package bpftrace'],
  [null, 'install the package bpftrace'],
])('fits the distribution: %j', (release, advice) => {
  expect(installAdvice('bpftrace', release)).toBe(advice);
});

it('reads any text without harm', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(installAdvice('bpftrace', text)).toContain('bpftrace');
    }),
    { seed: 17 },
  );
});
