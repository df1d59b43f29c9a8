import DataLoader from 'dataloader';
import { inArray } from 'drizzle-orm';
import { generations } from '../db/tables.ts';
import { usageOfConversations, usageOfGenerations } from '../usage/totals.ts';
import type { Viewer } from '../viewer.ts';
import type { Chat, Message } from './chat.ts';
import type { Context } from './prompt.ts';
import { readConversations } from './conversations.ts';
import { messageWindow, readMessagePages, shapeOf, type MessagePage, type Wanted } from './message-pages.ts';
import { readMessages } from './messages.ts';
import type { PageArguments } from '../page.ts';
import { countMessages, familyOf, readActiveReplies, readAlternatives } from './relatives.ts';

export type Loaders = ReturnType<typeof createLoaders>;

/**
 * Gathers what an operation asks for one by one, so that each kind takes one statement, however many rows there are.
 * They remember: an operation has its own, and of a subscription each event.
 */
export function createLoaders(chat: Chat, viewer: Viewer) {
  const pages = new DataLoader<Wanted, MessagePage, string>((wanted) => readPages(chat, wanted), {
    cacheKeyFn: ({ id, window }) => `${id} ${shapeOf(window)}`,
  });
  return {
    conversation: new DataLoader((ids: readonly string[]) => readConversations(chat, viewer, ids)),
    message: new DataLoader((ids: readonly string[]) => readMessages(chat, viewer, ids)),
    alternatives: new DataLoader((of: readonly Message[]) => readAlternatives(chat, of), {
      cacheKeyFn: familyOf,
    }),
    activeReplies: new DataLoader((ids: readonly string[]) => readActiveReplies(chat, ids)),
    messageCount: new DataLoader((ids: readonly string[]) => countMessages(chat, ids)),
    context: new DataLoader((ids: readonly string[]) => readContexts(chat, ids)),
    usageOfConversation: new DataLoader((ids: readonly string[]) => usageOfConversations(chat.db, ids)),
    usageOfGeneration: new DataLoader((ids: readonly string[]) => usageOfGenerations(chat.db, ids)),
    /** @throws BadInput */
    messagePage: (id: string, args: PageArguments) => pages.load({ id, window: messageWindow(id, args) }),
  };
}

async function readPages(chat: Chat, wanted: readonly Wanted[]): Promise<MessagePage[]> {
  const groups = [...Map.groupBy(wanted, ({ window }) => shapeOf(window)).values()];
  const read = await Promise.all(
    groups.map(async (group) => {
      const pages = await readMessagePages(chat, group);
      return group.map((key, index) => [key, pages[index]!] as const);
    }),
  );
  const pageOf = new Map(read.flat());
  return wanted.map((key) => pageOf.get(key)!);
}

async function readContexts(chat: Chat, ids: readonly string[]): Promise<(Context | undefined)[]> {
  const { id, messagesSent, messagesDropped, promptTokens, contextWindow } = generations;
  const rows = await chat.db
    .select({ id, messagesSent, messagesDropped, promptTokens, contextWindow })
    .from(generations)
    .where(inArray(id, [...ids]));
  const contexts = new Map(rows.map((row) => [row.id, row]));
  return ids.map((wanted) => contexts.get(wanted));
}
