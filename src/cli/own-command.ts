/** How this program was started, node and its entry file: what a systemd unit runs. */
export const OWN_COMMAND = [process.execPath, ...process.argv.slice(1, 2)];
