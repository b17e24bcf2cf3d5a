/** `node --import` this: at its end the process writes to $LOADS which modules and shared objects it has loaded. */
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const modules: string[] = [];
registerHooks({
  load(url, context, next) {
    modules.push(url);
    return next(url, context);
  },
});
process.on('exit', () => {
  const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] };
  writeFileSync(process.env['LOADS'] ?? '', JSON.stringify([...modules, ...sharedObjects]));
});
