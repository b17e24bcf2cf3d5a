/** serve-control.ts PATH: serves a control socket until it is killed. */
import { serveControl } from '../../src/system/control-socket.ts';

await serveControl(process.argv[2] ?? '', (request) => request);
console.log('serving');
