/** For the tests of undo: LOCALITY_TUNE_DEBUG_KILL_AFTER=N ends this process by SIGKILL after its Nth write of any kind. */
let left = Number(process.env['LOCALITY_TUNE_DEBUG_KILL_AFTER'] ?? 0);

/** After each line of a journal and each setting. */
export function killPoint(): void {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}
