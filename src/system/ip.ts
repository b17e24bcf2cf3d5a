/** 4, 6, or 0 for what is no IP address. Loads node:net at the first call: most commands need none, and it takes 3 ms. */
export const isIP = (text: string): number => process.getBuiltinModule('node:net').isIP(text);
