import type { Settings as ServerSettings } from '../config.ts';
import type { Database } from '../db/open.ts';
import type { conversations, messages } from '../db/tables.ts';
import type { Changes } from '../live/changes.ts';
import type { LiveReplies } from '../live/replies.ts';
import type { Logger } from '../log.ts';
import type { ChatModel } from '../model/openai.ts';
import type { Prices } from '../model/prices.ts';
import type { Generations } from './generations.ts';
import type { InputRules } from './input.ts';
import type { Mirrors } from './mirrors.ts';

/** What everything in this folder works with. It lives as long as the process. */
export interface Chat extends Pick<Database, 'db' | 'transaction'> {
  /** This process, as the owner of leases. */
  processId: string;
  settings: ServerSettings;
  /** Throws InvalidInput for what breaks the rules. */
  check: InputRules;
  model: ChatModel;
  prices: Prices;
  live: LiveReplies<Message>;
  changes: Changes;
  generations: Generations;
  mirrors: Mirrors;
  log: Logger;
}

export type Conversation = typeof conversations.$inferSelect;
export type Message = typeof messages.$inferSelect;
