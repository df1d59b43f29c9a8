import { BROKEN } from './broken.ts';
import { GRAMMAR } from './grammar.ts';
import { KNOWN_SERVERS } from './known-servers.ts';
import { SLOW } from './slow.ts';
import { STATUS } from './status.ts';
import { USAGE } from './usage.ts';

/** What chat APIs do, as far as it is known. */
export const BEHAVIOURS = [...KNOWN_SERVERS, ...GRAMMAR, ...USAGE, ...BROKEN, ...STATUS, ...SLOW];
