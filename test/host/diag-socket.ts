import type { DiagSocket } from '../../src/system/types.ts';

/** A listener on 127.0.0.1:8080, changed as the test says. */
export const diagSocket = (change: Partial<DiagSocket>): DiagSocket => ({
  protocol: 'tcp',
  family: 4,
  address: '127.0.0.1',
  port: 8080,
  peerAddress: '0.0.0.0',
  peerPort: 0,
  ifindex: 0,
  inode: 1,
  cookie: 1n,
  uid: 0,
  recvQueue: 0,
  sendQueue: 128,
  v6only: null,
  drops: 0,
  ...change,
});
